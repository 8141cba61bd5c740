"""RoBERTa (Liu et al. 2019, arXiv:1907.11692), XLM-RoBERTa and CamemBERT: BERT with other positions and another head."""

from onnx_export.encoder.bert import DEFAULTS
from onnx_export.encoder.family import Family

ROBERTA = Family(
    name="RoBERTa",
    classes=["Roberta", "XLMRoberta", "Camembert"],
    model_types=["roberta", "xlm-roberta", "camembert"],
    prefix="roberta.",
    defaults={**DEFAULTS, "vocab_size": 50265, "pad_token_id": 1},
    counts_positions=True,
)
