"""A network in the torch hand: the library's modules in a row.

The library keeps its parameters as it likes (``nn.Linear`` transposed, ``nn.LSTM`` with its gates in another order);
`Twin` knows how each is turned into ours. Twins: ``by_numpy/network.py``, ``by_tensor/network.py``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network

# Every file of layers registers its own with `makes`.
from byhand.hands.by_torch import (  # noqa: F401
    convolution,
    dense,
    elman,
    gru,
    lstm,
    normalisation,
    pixels,
    pooling,
    recurrence,
)
from byhand.hands.by_torch.layer import MADE, Drawing, Twin
from byhand.hands.by_torch.losses import LOSSES
from byhand.models.initial_weights import starting_values
from byhand.models.spec import Spec


class TorchNetwork(Network):
    """Forward, backward and optimiser written by the library.

    Attributes
    ----------
    module
        The ``nn.Sequential`` that everything is in.
    """

    hand = "torch"
    flat = False

    def __init__(self, spec: Spec, *, seed: int = 0, dtype: str = "float32", device: str = "cpu") -> None:
        super().__init__(spec, dtype=dtype)
        self.device = torch.device(device)
        kind = getattr(torch, dtype)
        self.module = nn.Sequential()
        self._twins: dict[str, Twin] = {}
        for about, name, shape, learnt, kept in zip(
            spec.layers, spec.layer_names, spec.shapes, spec.layer_parameters, spec.layer_state, strict=False
        ):
            if type(about) not in MADE:
                raise ByhandError(
                    f"The torch hand has no layer {about.kind}; write one and register it with `makes({about.kind})`."
                )
            made = MADE[type(about)](about, shape)
            # In place: the tensors' identity is what the twins and the optimiser hold on to.
            for buffer in made.module.buffers():
                if buffer.is_floating_point():
                    buffer.data = buffer.data.to(device=self.device, dtype=kind)
            self.module.add_module(name, made.module.to(device=self.device, dtype=kind))
            for parameter, twin in zip((*learnt, *kept), (*made.values, *made.state), strict=True):
                self._twins[parameter.name] = twin
        self._loss = LOSSES[spec.loss]
        self.load(starting_values(spec, seed))

    def _enter(self, images: Array) -> Tensor:
        read = torch.from_numpy(np.require(images, requirements=("C", "W"))).to(self.device)
        return read.to(getattr(torch, self.dtype.name))

    def _logits(self, images: Array) -> Array:
        self.module.eval()
        self._hand_out(None)
        with torch.inference_mode():
            read: Array = self.module(self._enter(images)).cpu().numpy()
            return read

    def _loss_and_gradient(self, images: Array, labels: Array, rng: np.random.Generator | None) -> float:
        self.module.train()
        self._hand_out(rng)
        x = self._enter(images)
        wanted = torch.from_numpy(np.asarray(labels, np.int64)).to(self.device)
        self.module.zero_grad()
        loss = self._loss(self.module(x), wanted, self.spec.smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    def _gradient_arrays(self) -> list[Tensor]:
        return [tensor.grad for tensor in self.named_tensors().values() if tensor.grad is not None]

    def _hand_out(self, rng: np.random.Generator | None) -> None:
        for module in self.module:
            if isinstance(module, Drawing):
                module.rng = rng

    def named_tensors(self) -> dict[str, Tensor]:
        """Give the library's own tensors by our names, as an optimiser of the library needs them."""
        return {parameter.name: self._twins[parameter.name].tensor for parameter in self.spec.parameters}

    def parameters(self) -> dict[str, Array]:
        return {parameter.name: self._ours(parameter.name) for parameter in self.spec.parameters}

    def gradients(self) -> dict[str, Array]:
        gradients = {}
        for parameter in self.spec.parameters:
            twin = self._twins[parameter.name]
            part = torch.zeros_like(twin.tensor) if twin.tensor.grad is None else twin.tensor.grad
            gradients[parameter.name] = twin.to_ours(part).cpu().numpy()
        return gradients

    def state(self) -> dict[str, Array]:
        return {kept.name: self._ours(kept.name) for kept in self.spec.state}

    def _ours(self, name: str) -> Array:
        twin = self._twins[name]
        ours: Array = twin.to_ours(twin.tensor.detach()).cpu().numpy()
        return ours

    def activations(self, images: Array) -> dict[str, Array]:
        self.module.eval()
        self._hand_out(None)
        x, seen = self._enter(self._checked(images)), {}
        with torch.inference_mode():
            for name, module in zip(self.spec.layer_names, self.module, strict=True):
                x = module(x)
                # The library counts maps (B, C, H, W); all hands show them (B, H, W, C).
                seen[name] = (x.permute(0, 2, 3, 1) if x.dim() == 4 else x).cpu().numpy().copy()
        return seen

    def _assign(self, name: str, value: Array) -> None:
        twin = self._twins[name]
        with torch.no_grad():
            twin.tensor.copy_(twin.to_theirs(torch.from_numpy(value.copy())))
