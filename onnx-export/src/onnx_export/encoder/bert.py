"""BERT (Devlin et al. 2018, arXiv:1810.04805), which gives the others their names."""

from onnx_export.encoder.family import Family

DEFAULTS = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}

BERT = Family(
    name="BERT",
    classes=["Bert"],
    model_types=["bert"],
    prefix="bert.",
    dense="pooler.dense.",
    classifier="classifier.",
    defaults=DEFAULTS,
)
