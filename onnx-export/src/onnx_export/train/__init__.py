"""From labelled texts to a HAT checkpoint. No other package imports PyTorch or scikit-learn."""
