"""From labelled texts to a HAT checkpoint, with PyTorch and scikit-learn, which no package below knows."""
