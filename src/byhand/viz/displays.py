"""What is shown and kept of a run while it is trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from byhand.training.callbacks import Callback, Callbacks
from byhand.viz.console import Terminal
from byhand.viz.tensorboard import TensorBoard


@contextmanager
def displaying(show: bool, tensorboard: bool) -> Iterator[Callback]:
    """Give the display of a run: the terminal's, TensorBoard's, both or neither; closed when the block ends.

    Raises
    ------
    ByhandError
        If TensorBoard is wanted and tensorboardX not installed.
    """
    board = TensorBoard() if tensorboard else None
    terminal = Terminal() if show else None
    displays = [display for display in (terminal, board) if display is not None]
    try:
        yield Callbacks(displays)
    finally:
        for display in displays:
            display.close()
