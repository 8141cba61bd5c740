"""Turns a fine-tuned Hierarchical Attention Transformer (HAT) checkpoint into a model bundle, and verifies bundles."""

__version__ = "0.1.0.dev0"
