"""The textbook hand: forward and backward passes in NumPy, written to be read."""
