"""DistilBERT (Sanh et al. 2019, arXiv:1910.01108): BERT without token types, under names of its own."""

from onnx_export.encoder.bert import DEFAULTS
from onnx_export.encoder.family import Family

DISTILBERT = Family(
    name="DistilBERT",
    classes=["DistilBert"],
    model_types=["distilbert"],
    prefix="distilbert.",
    names=[
        ("transformer.layer.", "encoder.layer."),
        (".attention.q_lin.", ".attention.self.query."),
        (".attention.k_lin.", ".attention.self.key."),
        (".attention.v_lin.", ".attention.self.value."),
        (".attention.out_lin.", ".attention.output.dense."),
        (".sa_layer_norm.", ".attention.output.LayerNorm."),
        (".ffn.lin1.", ".intermediate.dense."),
        (".ffn.lin2.", ".output.dense."),
        (".output_layer_norm.", ".output.LayerNorm."),
    ],
    dense="pre_classifier.",
    classifier="classifier.",
    head_activation="relu",
    keys={
        "hidden_size": "dim",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "intermediate_size": "hidden_dim",
        "hidden_act": "activation",
    },
    defaults={**DEFAULTS, "num_hidden_layers": 6},
    token_types=False,
    epsilon=1e-12,
)
