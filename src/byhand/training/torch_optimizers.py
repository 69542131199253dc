"""``torch.optim`` for the torch hand, whose parameters torch owns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

# torch imports its compiler at an optimizer's first step; imported here, so that no epoch is charged for it.
import torch._dynamo
from torch import optim

from byhand.hands import Network
from byhand.hands.base import Array
from byhand.hands.by_torch.network import TorchNetwork
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import Optimizer


class TorchOptimizer(Optimizer):
    """``torch.optim`` with two groups of parameters: with L2 and without."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        if not isinstance(network, TorchNetwork):
            raise TypeError(f"torch.optim drives the torch hand, not the {network.hand} hand")
        self.config = config
        self.tensors = network.named_tensors()
        decayed = {p.name for p in network.spec.parameters if p.decays or config.decay_biases}
        groups = [
            {"params": [self.tensors[name] for name in self.tensors if (name in decayed) is decays], "weight_decay": l2}
            for decays, l2 in ((True, config.l2), (False, 0.0))
        ]
        self.inner = _made(config, [group for group in groups if group["params"]])

    def step(self, lr: float) -> None:
        for group in self.inner.param_groups:
            group["lr"] = lr
        if self.config.clip:
            torch.nn.utils.clip_grad_norm_(self.tensors.values(), self.config.clip)
        self.inner.step()

    def state_dict(self) -> dict[str, Array]:
        return {
            f"{name}.{slot}": value.cpu().numpy().copy()
            for name, tensor in self.tensors.items()
            for slot, value in self.inner.state.get(tensor, {}).items()
            if value is not None
        }

    def load_state(self, state_dict: Mapping[str, Array]) -> None:
        for key, value in state_dict.items():
            name, slot = key.rsplit(".", 1)
            tensor = self.tensors[name]
            kept = torch.from_numpy(np.array(value))
            # Torch counts steps on the CPU and keeps moments beside the parameter, laid out in memory as it is.
            self.inner.state[tensor][slot] = kept if slot == "step" else torch.empty_like(tensor).copy_(kept)


def _made(config: TrainingConfig, groups: list[dict[str, Any]]) -> optim.Optimizer:
    adam = {"betas": (config.beta1, config.beta2), "eps": config.epsilon}
    kinds: dict[str, tuple[Callable[..., optim.Optimizer], dict[str, Any]]] = {
        "sgd": (optim.SGD, {}),
        "momentum": (optim.SGD, {"momentum": config.momentum}),
        "nesterov": (optim.SGD, {"momentum": config.momentum, "nesterov": True}),
        "rmsprop": (optim.RMSprop, {"alpha": config.alpha, "eps": config.epsilon}),
        "adam": (optim.Adam, adam),
        "adamw": (optim.AdamW, adam),
    }
    kind, settings = kinds[config.optimizer]
    return kind(groups, config.lr, **settings)
