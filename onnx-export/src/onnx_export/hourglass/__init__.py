"""Hourglass language models: their checkpoints, their packed graph, and the plain computation to hold that against."""
