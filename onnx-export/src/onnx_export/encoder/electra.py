"""ELECTRA (Clark et al. 2020, arXiv:2003.10555): BERT whose embeddings may be narrower than its layers, and another head."""

from onnx_export.encoder.bert import DEFAULTS
from onnx_export.encoder.family import Family

ELECTRA = Family(
    name="ELECTRA",
    classes=["Electra"],
    model_types=["electra"],
    prefix="electra.",
    head_activation="gelu",
    defaults={**DEFAULTS, "embedding_size": 128, "hidden_size": 256, "num_attention_heads": 4, "intermediate_size": 1024},
)
