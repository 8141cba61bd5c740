"""From a fine-tuned Hierarchical Attention Transformer (HAT) checkpoint to a model bundle that hatflow streams documents through."""

__version__ = "0.1.0.dev0"
