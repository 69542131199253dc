"""Callbacks of a run while it is trained: the terminal and TensorBoard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from byhand.training.callbacks import Callback, Callbacks
from byhand.viz.console import Terminal


@contextmanager
def displaying(show: bool, tensorboard: bool) -> Iterator[Callback]:
    """Yield a callback for the terminal, TensorBoard, both or neither; closed when the block ends.

    Raises
    ------
    ByhandError
        If `tensorboard` is true and tensorboardX is not installed.
    """
    displays: list[Any] = [Terminal()] if show else []
    if tensorboard:
        from byhand.viz.tensorboard import TensorBoard

        displays.append(TensorBoard())
    try:
        yield Callbacks(displays)
    finally:
        for display in displays:
            display.close()
