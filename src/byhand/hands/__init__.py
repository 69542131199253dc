"""The hands: one spec, implemented several times.

``by_numpy`` is the textbook: forward and backward pass in plain NumPy. ``by_fast`` computes the same, arranged for the
machine. ``by_tensor`` writes the forward pass on bare torch tensors; ``by_torch`` leaves both to the library. Their
files have the same names, to be read side by side.
"""

from __future__ import annotations

from byhand.errors import ByhandError, nearest
from byhand.hands.base import Array, Network
from byhand.models.spec import Spec

HANDS = ("numpy", "fast", "tensor", "torch")

__all__ = ["HANDS", "Array", "Network", "build"]


def build(spec: Spec, hand: str = "fast", *, seed: int = 0, dtype: str = "float32", device: str = "cpu") -> Network:
    """Build a network.

    Parameters
    ----------
    spec
        The network's description.
    hand
        ``"numpy"``, ``"fast"``, ``"tensor"`` or ``"torch"``.
    seed
        Seed of the starting weights, which are the same in every hand.
    dtype
        ``"float32"`` or ``"float64"``.
    device
        A torch device; the numpy and fast hands only support ``"cpu"``.

    Raises
    ------
    ByhandError
        If the hand is unknown, torch is not installed, or the device is not there.
    """
    if hand not in HANDS:
        raise ByhandError(f"There is no hand {hand!r}; {nearest(hand, HANDS)}.", code="hands.unknown_hand")
    if hand in ("numpy", "fast"):
        if device != "cpu":
            raise ByhandError(
                f"The {hand} hand computes on the CPU, not on {device!r}; choose --hand tensor or torch.",
                code="hands.cpu_only",
            )
        if hand == "numpy":
            from byhand.hands.by_numpy.network import NumpyNetwork

            return NumpyNetwork(spec, seed=seed, dtype=dtype)
        from byhand.hands.by_fast.network import FastNetwork

        return FastNetwork(spec, seed=seed, dtype=dtype)
    require_torch(hand)
    if hand == "tensor":
        from byhand.hands.by_tensor.network import TensorNetwork

        return TensorNetwork(spec, seed=seed, dtype=dtype, device=device)
    from byhand.hands.by_torch.network import TorchNetwork

    return TorchNetwork(spec, seed=seed, dtype=dtype, device=device)


def require_torch(hand: str) -> None:
    """Raise `ByhandError` (``hands.no_torch``) if a hand needs PyTorch and it is not installed."""
    if hand in ("numpy", "fast"):
        return
    try:
        import torch  # noqa: F401
    except ImportError:
        raise ByhandError(
            f"The {hand} hand needs PyTorch, which is not installed; "
            "run `pip install 'byhand[torch]'`, or use --hand fast.",
            code="hands.no_torch",
        ) from None
