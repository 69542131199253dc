"""A network in the torch hand: the library's modules in a row.

Twins: ``by_numpy/network.py``, ``by_tensor/network.py``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from byhand.hands.base import Array, Network
from byhand.hands.by_torch.layer import Random, implements
from byhand.hands.by_torch.losses import LOSSES
from byhand.hands.by_torch.parameters import Stored, stored
from byhand.models.initial_weights import starting_values
from byhand.models.spec import Spec


class TorchNetwork(Network):
    """Forward pass, backward pass and optimizer written by the library.

    Attributes
    ----------
    module
        The ``nn.Sequential`` of all layers.
    """

    hand = "torch"
    flat = False

    def __init__(self, spec: Spec, *, seed: int = 0, dtype: str = "float32", device: str = "cpu") -> None:
        super().__init__(spec, dtype=dtype)
        self.device = torch.device(device)
        self.module = nn.Sequential()
        for settings, name, shape in zip(spec.layers, spec.layer_names, spec.shapes, strict=False):
            self.module.add_module(name, implements.find(settings)(settings, shape))
        self.module.to(device=self.device, dtype=getattr(torch, dtype))
        self._stored: dict[str, Stored] = {}
        for module, learned, kept in zip(self.module, spec.layer_parameters, spec.layer_state, strict=True):
            named = zip((*learned, *kept), stored(module), strict=True)
            self._stored |= {parameter.name: tensor for parameter, tensor in named}
        # The modules read, except within `_loss_and_gradient`.
        self.module.eval()
        self._loss = LOSSES[spec.loss]
        self.load(starting_values(spec, seed))

    def _loss_and_gradient(self, images: Any, labels: Array, rng: np.random.Generator | None) -> float:
        self.module.train()
        for module in self.module.modules():
            if isinstance(module, Random):
                module.rng = rng
        self.module.zero_grad()
        wanted = torch.from_numpy(np.asarray(labels, np.int64)).to(self.device)
        loss = self._loss(self.module(self._tensor(images)), wanted, self.spec.smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        self.module.eval()
        return loss.item()

    @torch.inference_mode()
    def _logits(self, images: Array) -> Array:
        logits: Array = self.module(self._tensor(images)).cpu().numpy()
        return logits

    @torch.inference_mode()
    def _activations(self, images: Array) -> dict[str, Array]:
        x, outputs = self._tensor(images), {}
        for name, module in zip(self.spec.layer_names, self.module, strict=True):
            x = module(x)
            # All hands show maps as (B, H, W, C).
            outputs[name] = (x.permute(0, 2, 3, 1) if x.dim() == 4 else x).cpu().numpy().copy()
        return outputs

    def _tensor(self, images: Array) -> Tensor:
        read = torch.from_numpy(np.require(images, requirements=("C", "W"))).to(self.device)
        return read.to(getattr(torch, self.dtype.name))

    def _computing(self) -> AbstractContextManager[object]:
        # A thread that is new to torch computes with the library's default until it asks for the number that was set.
        torch.get_num_threads()
        return nullcontext()

    def _gradient_arrays(self) -> list[Tensor]:
        return [tensor.grad for tensor in self.named_tensors().values() if tensor.grad is not None]

    def named_tensors(self) -> dict[str, Tensor]:
        """Return the library's own tensors by our names, as an optimizer of the library needs them."""
        return {parameter.name: self._stored[parameter.name].tensor for parameter in self.spec.parameters}

    def parameters(self) -> dict[str, Array]:
        return {parameter.name: self._ours(parameter.name) for parameter in self.spec.parameters}

    def gradients(self) -> dict[str, Array]:
        gradients = {}
        for parameter in self.spec.parameters:
            ours = self._stored[parameter.name]
            gradient = torch.zeros_like(ours.tensor) if ours.tensor.grad is None else ours.tensor.grad
            gradients[parameter.name] = ours.to_ours(gradient).cpu().numpy()
        return gradients

    def set_gradient(self, name: str, value: Array) -> None:
        """Replace one parameter's gradient, given in our shape."""
        ours = self._stored[name]
        ours.tensor.grad = ours.to_torch(torch.from_numpy(value)).to(ours.tensor).contiguous()

    def state(self) -> dict[str, Array]:
        return {kept.name: self._ours(kept.name) for kept in self.spec.state}

    def _ours(self, name: str) -> Array:
        ours = self._stored[name]
        array: Array = ours.to_ours(ours.tensor.detach()).cpu().numpy()
        return array

    @torch.no_grad()
    def _assign(self, name: str, value: Array) -> None:
        self._stored[name].tensor.copy_(self._stored[name].to_torch(torch.from_numpy(value.copy())))
