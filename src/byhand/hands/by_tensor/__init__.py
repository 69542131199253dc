"""The tensor hand: forward written by us, with products and element-wise functions; backward autograd's."""
