"""From a checkpoint to a graph in the numbers asked for, and the proof that it computes the same."""
