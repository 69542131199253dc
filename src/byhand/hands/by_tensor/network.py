"""A network in the tensor hand: functions called in turn, over one flat tensor; autograd derives the backward pass.

Twins: ``by_numpy/network.py``, ``by_torch/network.py``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from byhand.hands.base import READING, Array, Mode, Network, views
from byhand.hands.by_tensor.layer import implements
from byhand.hands.by_tensor.losses import LOSSES
from byhand.models.initial_weights import starting_values
from byhand.models.spec import Spec


class TensorNetwork(Network):
    """Forward pass written by hand on bare tensors, backward pass by autograd."""

    hand = "tensor"

    theta: Tensor
    gradient: Tensor

    def __init__(self, spec: Spec, *, seed: int = 0, dtype: str = "float32", device: str = "cpu") -> None:
        super().__init__(spec, dtype=dtype)
        self.device = torch.device(device)
        self.theta = torch.zeros(spec.size, dtype=getattr(torch, dtype), device=self.device)
        self.gradient = torch.zeros_like(self.theta)
        # Leaves of autograd's graph, views of theta.
        self._values = {name: view.requires_grad_() for name, view in views(self.theta, spec.parameters).items()}
        self._state = {kept.name: self.theta.new_empty(kept.shape) for kept in spec.state}
        self._loss = LOSSES[spec.loss]
        self.load(starting_values(spec, seed))
        self.layers = [implements.find(settings) for settings in spec.layers]
        self.layer_parameters = [
            (*(self._values[p.name] for p in learned), *(self._state[p.name] for p in kept))
            for learned, kept in zip(spec.layer_parameters, spec.layer_state, strict=True)
        ]

    def forward(self, images: Array, mode: Mode) -> list[Tensor]:
        """Compute every layer's output ``(B, ...)``; the last are the logits ``(B, K)``."""
        x = torch.from_numpy(np.require(images, requirements=("C", "W"))).to(self.device).to(self.theta.dtype)
        outputs = []
        for layer, settings, parameters in zip(self.layers, self.spec.layers, self.layer_parameters, strict=True):
            x = layer(settings, x, parameters, mode)
            outputs.append(x)
        return outputs

    def _loss_and_gradient(self, images: Any, labels: Array, rng: np.random.Generator | None) -> float:
        logits = self.forward(images, Mode(training=True, rng=rng))[-1]
        wanted = torch.from_numpy(np.asarray(labels, np.int64)).to(self.device)
        loss = self._loss(logits, wanted, self.spec.smoothing)
        gradients = torch.autograd.grad(loss, list(self._values.values()))
        torch.cat([gradient.flatten() for gradient in gradients], out=self.gradient)
        return loss.item()

    @torch.inference_mode()
    def _logits(self, images: Array) -> Array:
        logits: Array = self.forward(images, READING)[-1].cpu().numpy()
        return logits

    @torch.inference_mode()
    def _activations(self, images: Array) -> dict[str, Array]:
        outputs = self.forward(images, READING)
        return {name: x.cpu().numpy().copy() for name, x in zip(self.spec.layer_names, outputs, strict=True)}

    def _computing(self) -> AbstractContextManager[object]:
        # A thread that is new to torch computes with the library's default until it asks for the number that was set.
        torch.get_num_threads()
        return nullcontext()

    def _gradient_arrays(self) -> list[Tensor]:
        return [self.gradient]

    def parameters(self) -> dict[str, Array]:
        return {name: value.detach().cpu().numpy() for name, value in self._values.items()}

    def gradients(self) -> dict[str, Array]:
        return {name: part.cpu().numpy() for name, part in views(self.gradient, self.spec.parameters).items()}

    def state(self) -> dict[str, Array]:
        return {name: value.cpu().numpy() for name, value in self._state.items()}

    @torch.no_grad()
    def _assign(self, name: str, value: Array) -> None:
        (self._values if name in self._values else self._state)[name].copy_(torch.from_numpy(value.copy()))
