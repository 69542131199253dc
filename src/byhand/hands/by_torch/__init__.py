"""The torch hand: the library's layers, the library's gradients, the library's optimizers."""
