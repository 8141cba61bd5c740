"""The Hierarchical Attention Transformer: its checkpoints, its packed graph, and the plain computation to hold that against."""
