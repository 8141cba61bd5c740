"""ONNX graphs of any model: built node by node, stored, computed in other numbers, fed with packed batches and run."""
