"""byhand: handwritten digits, read by networks written by hand."""

__version__ = "0.1.0"
