"""A network in the tensor hand: functions called in turn, over one flat tensor; autograd finds the way back.

Twins: ``by_numpy/network.py``, ``by_torch/network.py``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network, views
from byhand.hands.by_tensor import (  # noqa: F401  # every file of layers registers its own with `makes`
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
from byhand.hands.by_tensor.layer import MADE, Mode
from byhand.hands.by_tensor.losses import LOSSES
from byhand.models.initial_weights import starting_values
from byhand.models.spec import Spec


class TensorNetwork(Network):
    """Forward written by us on bare tensors, backward by autograd."""

    hand = "tensor"

    theta: Tensor
    gradient: Tensor

    def __init__(self, spec: Spec, *, seed: int = 0, dtype: str = "float32", device: str = "cpu") -> None:
        super().__init__(spec, dtype=dtype)
        for about in spec.layers:
            if type(about) not in MADE:
                raise ByhandError(
                    f"The tensor hand has no layer {about.kind}; write one and register it with `makes({about.kind})`."
                )
        self.device = torch.device(device)
        kind = getattr(torch, dtype)
        self.theta = torch.empty(spec.size, dtype=kind, device=self.device)
        self.gradient = torch.zeros_like(self.theta)
        # Leaves of autograd's graph that share their memory with theta.
        self._values = {name: view.requires_grad_() for name, view in views(self.theta, spec.parameters).items()}
        self._state = {kept.name: torch.empty(kept.shape, dtype=kind, device=self.device) for kept in spec.state}
        # What a spec says follows from its layers anew each time it is asked; here it is asked once.
        self._described = [
            (about, tuple(self._values[p.name] for p in learnt), tuple(self._state[p.name] for p in kept))
            for about, learnt, kept in zip(spec.layers, spec.layer_parameters, spec.layer_state, strict=True)
        ]
        self._loss = LOSSES[spec.loss]
        self.load(starting_values(spec, seed))

    def _enter(self, images: Array) -> Tensor:
        return torch.from_numpy(np.require(images, requirements=("C", "W"))).to(self.device).to(self.theta.dtype)

    def _layers(self, x: Tensor, mode: Mode) -> list[Tensor]:
        outputs = []
        for about, values, state in self._described:
            x = MADE[type(about)](about, x, values, Mode(mode.training, mode.rng, state))
            outputs.append(x)
        return outputs

    def _logits(self, images: Array) -> Array:
        with torch.inference_mode():
            read: Array = self._layers(self._enter(images), Mode())[-1].cpu().numpy()
            return read

    def _loss_and_gradient(self, images: Array, labels: Array, rng: np.random.Generator | None) -> float:
        x = self._enter(images)
        wanted = torch.from_numpy(np.asarray(labels, np.int64)).to(self.device)
        loss = self._loss(self._layers(x, Mode(training=True, rng=rng))[-1], wanted, self.spec.smoothing)
        parts = torch.autograd.grad(loss, list(self._values.values()))
        torch.cat([part.reshape(-1) for part in parts], out=self.gradient)
        return loss.item()

    def _gradient_arrays(self) -> list[Tensor]:
        return [self.gradient]

    def parameters(self) -> dict[str, Array]:
        return {name: value.detach().cpu().numpy() for name, value in self._values.items()}

    def gradients(self) -> dict[str, Array]:
        return {name: part.cpu().numpy() for name, part in views(self.gradient, self.spec.parameters).items()}

    def state(self) -> dict[str, Array]:
        return {name: value.cpu().numpy() for name, value in self._state.items()}

    def activations(self, images: Array) -> dict[str, Array]:
        with torch.inference_mode():
            outputs = self._layers(self._enter(self._checked(images)), Mode())
            return {name: x.cpu().numpy().copy() for name, x in zip(self.spec.layer_names, outputs, strict=True)}

    def _assign(self, name: str, value: Array) -> None:
        with torch.no_grad():
            (self._values if name in self._values else self._state)[name].copy_(torch.from_numpy(value.copy()))
