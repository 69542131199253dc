"""Reading accuracy on a folder of labelled pictures."""
