"""The numpy hand: forward and backward written by us, derived on paper."""
