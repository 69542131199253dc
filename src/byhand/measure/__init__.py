"""What can be said of a network in numbers: metrics, the proof that the hands agree, benchmarks."""
