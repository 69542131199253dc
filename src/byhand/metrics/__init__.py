"""Accuracy, loss, calibration and confidence intervals from labels and predictions."""
