"""Accuracy, loss, calibration and intervals, from labels and predictions."""
