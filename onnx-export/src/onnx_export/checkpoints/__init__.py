"""Weights as training programs leave them, whatever the model and the format of the files."""
