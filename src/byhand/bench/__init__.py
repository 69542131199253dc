"""Timings and accuracies, measured."""
