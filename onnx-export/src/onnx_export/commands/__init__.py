"""A module for each command of ``python -m onnx_export``, and the options that several of them have.

The ``main`` of a command takes the words after it and returns the exit code; what it raises ``__main__`` says to a person.
"""
