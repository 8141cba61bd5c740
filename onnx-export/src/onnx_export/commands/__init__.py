"""A module for each command of ``python -m onnx_export``, called as the command is; ``__main__`` imports the one that is asked for."""
