"""What is done with a text before a model sees it: cleaned, tokenized, cut into segments and windows."""
