"""The fast hand: the textbook hand's layers, arranged for the machine.

The layers are in files named as their twins in ``by_numpy``, where the mathematics is explained. What makes them fast
is in separate files: `workspace` (reusable buffers), `parallel` (parts of a batch in threads), `layout`
(how maps lie in memory), `replica` (the layers that one thread computes, and their order).
"""
