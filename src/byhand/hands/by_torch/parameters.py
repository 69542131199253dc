"""Maps our parameters to those of the library's modules, which have other names and layouts.

The library keeps the weights of a linear layer transposed, kernels as ``(O, C, k, k)``, and the LSTM's gates in the
order i, f, g, o. Between its arrays and ours axes are reordered and blocks moved, never a value changed, so gradients
are converted in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Convert = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Stored:
    """One of our arrays as the library stores it.

    Attributes
    ----------
    tensor
        The module's own tensor.
    to_ours, to_torch
        Convert the library's array into ours and back.
    """

    tensor: Tensor
    to_ours: Convert = lambda tensor: tensor
    to_torch: Convert = lambda tensor: tensor


def stored(module: nn.Module) -> list[Stored]:
    """Find one layer's arrays, what it learns and then its state, in the order of our description.

    A module that is not named here keeps its parameters and its buffers of floating point as we do.
    """
    # Of several layers in one, all that is learned is before all state.
    return sorted(_stored(module), key=lambda one: not isinstance(one.tensor, nn.Parameter))


def _stored(module: nn.Module) -> Iterator[Stored]:
    for part in module.modules():
        match part:
            case nn.Linear():
                # (units, D) <-> (D, units)
                yield Stored(part.weight, Tensor.t, Tensor.t)
                yield Stored(part.bias)
            case nn.Conv2d():
                # (O, C, k, k) <-> (k, k, C, O)
                yield Stored(part.weight, lambda W: W.permute(2, 3, 1, 0), lambda W: W.permute(3, 2, 0, 1))
                if part.bias is not None:
                    yield Stored(part.bias)
            case nn.MultiheadAttention():
                # (3 D, D) <-> (D, 3 D); its output projection is an nn.Linear inside it
                yield Stored(part.in_proj_weight, Tensor.t, Tensor.t)
                yield Stored(part.in_proj_bias)
            case nn.LSTM():
                # (4 H, D) with gates i, f, g, o <-> (D, 4 H) with i, f, o, g; `t` leaves a bias as it is
                for tensor in part.parameters():
                    yield Stored(tensor, lambda W: _swapped(W).t(), lambda W: _swapped(W.t()))
            case nn.GRU():
                for tensor in part.parameters():
                    yield Stored(tensor, Tensor.t, Tensor.t)
            case nn.RNN():
                # Its second bias learns nothing (see elman.py).
                for tensor in list(part.parameters())[:3]:
                    yield Stored(tensor, Tensor.t, Tensor.t)
            case _:
                own = (*part.parameters(recurse=False), *part.buffers(recurse=False))
                yield from (Stored(tensor) for tensor in own if tensor.is_floating_point())


def _swapped(tensor: Tensor) -> Tensor:
    """Swap the last two of four blocks of rows."""
    i, f, g, o = tensor.chunk(4)
    return torch.cat((i, f, o, g))
