"""Ordinary encoders of Hugging Face's transformers: their checkpoints, one packed graph, and the plain computation to hold that against."""
