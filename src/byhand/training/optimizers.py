"""The optimizers and the learning rate schedules.

The optimizers are formulas on the flat parameter vector, the same code for NumPy arrays and torch tensors.

``theta`` are all parameters, ``g`` their gradient, ``t`` counts steps from 1. The conventions are those of
``torch.optim``; tests compare every formula with it:

``sgd``         theta -= lr g
``momentum``    v = mu v + g;                       theta -= lr v              (the rate outside the velocity)
``nesterov``    v = mu v + g;                       theta -= lr (g + mu v)     (Sutskever et al., 2013, as torch has it)
``rmsprop``     s = a s + (1 - a) g^2;              theta -= lr g / (sqrt(s) + eps)
``adam``        m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
                theta -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)      (Kingma & Ba, 2015)
``adamw``       theta *= 1 - lr l2, then as Adam                               (Loshchilov & Hutter, 2019)

For all others, L2 is added to the gradient, ``g += l2 theta``, after clipping (Pascanu et al., 2013):
``g *= min(1, clip / (norm(g) + 1e-6))``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from byhand.hands import Network
from byhand.hands.base import Array
from byhand.training.config import TrainingConfig


class Optimizer(ABC):
    """What the training loop needs of an optimizer."""

    @abstractmethod
    def step(self, lr: float) -> None:
        """Move the network's parameters by its gradient."""

    @abstractmethod
    def state_dict(self) -> dict[str, Array]:
        """Copy everything the next step depends on."""

    @abstractmethod
    def load_state(self, state_dict: Mapping[str, Array]) -> None:
        """Restore such a copy."""


def optimizer(network: Network, config: TrainingConfig) -> Optimizer:
    """Make the optimizer of a run: formulas on the flat vector, or `torch.optim` for the torch hand."""
    if network.flat:
        return FORMULAS[config.optimizer](network, config)
    from byhand.training.torch_optimizers import TorchOptimizer

    return TorchOptimizer(network, config)


class Formula(Optimizer):
    """A formula on the flat vector, in in-place operations of both NumPy and torch; ``xp`` is one of the two."""

    slots: tuple[str, ...] = ()

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        self.theta, self.g, self.config = network.theta, network.gradient, config
        if isinstance(self.theta, np.ndarray):
            self.xp: Any = np
        else:
            import torch

            self.xp = torch
        self.t = 0
        self.scratch = self.xp.empty_like(self.theta)
        for slot in self.slots:
            setattr(self, slot, self.xp.zeros_like(self.theta))
        self.decay = self._decay(network) if config.l2 else None

    def _decay(self, network: Network) -> Any:
        """Strength of L2 on every entry of theta; a number if it is the same for all."""
        if self.config.decay_biases:
            return self.config.l2
        parts = [np.full(p.size, self.config.l2 * p.decays, network.dtype) for p in network.spec.parameters]
        strengths = np.concatenate(parts)
        return strengths if self.xp is np else self.xp.from_numpy(strengths).to(self.theta.device)

    def step(self, lr: float) -> None:
        self.t += 1
        if self.config.clip:
            norm = math.sqrt(float(self.xp.dot(self.g, self.g)))
            self.g *= min(1.0, self.config.clip / (norm + 1e-6))
        if self.decay is not None:
            self._shrink(lr)
        self.move(lr)

    def _shrink(self, lr: float) -> None:
        # g += l2 theta
        self.g += self.xp.multiply(self.theta, self.decay, out=self.scratch)

    @abstractmethod
    def move(self, lr: float) -> None:
        """Move theta by g, which may be overwritten."""

    def state_dict(self) -> dict[str, Array]:
        named = {
            slot: (getattr(self, slot) if self.xp is np else getattr(self, slot).cpu().numpy()).copy()
            for slot in self.slots
        }
        return named | {"t": np.array(self.t)}

    def load_state(self, state_dict: Mapping[str, Array]) -> None:
        self.t = int(state_dict["t"])
        for slot in self.slots:
            kept = state_dict[slot] if self.xp is np else self.xp.from_numpy(state_dict[slot]).to(self.theta.device)
            getattr(self, slot)[...] = kept


class SGD(Formula):
    """Stochastic gradient descent."""

    def move(self, lr: float) -> None:
        # theta -= lr g
        self.g *= lr
        self.theta -= self.g


class Momentum(Formula):
    """Gradient descent with a velocity (Polyak, 1964)."""

    slots = ("v",)
    v: Any

    def move(self, lr: float) -> None:
        # v = mu v + g
        self.v *= self.config.momentum
        self.v += self.g
        # theta -= lr v
        self.theta -= self.xp.multiply(self.v, lr, out=self.scratch)


class Nesterov(Momentum):
    """Momentum with the gradient one step ahead."""

    def move(self, lr: float) -> None:
        # v = mu v + g
        self.v *= self.config.momentum
        self.v += self.g
        # theta -= lr (g + mu v)
        self.g += self.xp.multiply(self.v, self.config.momentum, out=self.scratch)
        self.g *= lr
        self.theta -= self.g


class RMSprop(Formula):
    """Gradients divided by the root of their running mean square (Tieleman & Hinton, 2012)."""

    slots = ("s",)
    s: Any

    def move(self, lr: float) -> None:
        xp, scratch, a = self.xp, self.scratch, self.config.alpha
        # s = a s + (1 - a) g^2
        self.s *= a
        xp.multiply(self.g, self.g, out=scratch)
        scratch *= 1 - a
        self.s += scratch
        # theta -= lr g / (sqrt(s) + eps)
        xp.sqrt(self.s, out=scratch)
        scratch += self.config.epsilon
        xp.divide(self.g, scratch, out=scratch)
        scratch *= lr
        self.theta -= scratch


class Adam(Formula):
    """Running means of the gradient and of its square, both corrected for starting at zero."""

    slots = ("m", "v")
    m: Any
    v: Any

    def move(self, lr: float) -> None:
        xp, scratch, b1, b2 = self.xp, self.scratch, self.config.beta1, self.config.beta2
        # v = b2 v + (1 - b2) g^2
        self.v *= b2
        xp.multiply(self.g, self.g, out=scratch)
        scratch *= 1 - b2
        self.v += scratch
        # m = b1 m + (1 - b1) g
        self.m *= b1
        self.g *= 1 - b1
        self.m += self.g
        # theta -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
        xp.sqrt(self.v, out=scratch)
        scratch *= 1 / math.sqrt(1 - b2**self.t)
        scratch += self.config.epsilon
        xp.divide(self.m, scratch, out=scratch)
        scratch *= lr / (1 - b1**self.t)
        self.theta -= scratch


class AdamW(Adam):
    """Adam with weight decay decoupled from the gradient."""

    def _shrink(self, lr: float) -> None:
        # theta -= lr l2 theta
        self.xp.multiply(self.theta, self.decay, out=self.scratch)
        self.scratch *= lr
        self.theta -= self.scratch


FORMULAS = {kind.__name__.lower(): kind for kind in (SGD, Momentum, Nesterov, RMSprop, Adam, AdamW)}


def rate(config: TrainingConfig, step: int, steps: int) -> float:
    """Learning rate of one step.

    Parameters
    ----------
    config
        The run's settings.
    step
        The step, counted from 0.
    steps
        Steps in an epoch.

    Returns
    -------
    float
        With ``e`` the epoch and ``t`` the finished fraction of the run, from 0 to 1::

            constant      lr
            exponential   lr gamma^e
            step          lr gamma^floor(e / step_every)
            cosine        lr (1 + cos(pi t)) / 2                             (Loshchilov & Hutter, 2017)
            one-cycle     from lr / 25 to lr in the first `warmup` of the run, then to lr / 250,000,
                          both by half a cosine                              (Smith & Topin, 2018)

        The last step of cosine is the one at ``t = 1``, whose rate is 0.
    """
    epoch = step // steps
    over = step / max(1, config.epochs * steps - 1)
    match config.schedule:
        case "exponential":
            return config.lr * config.gamma**epoch
        case "step":
            return config.lr * config.gamma ** (epoch // config.step_every)
        case "cosine":
            return config.lr * (1 + math.cos(math.pi * over)) / 2
        case "one-cycle" if over < config.warmup:
            return _between(config.lr / 25, config.lr, over / config.warmup)
        case "one-cycle":
            return _between(config.lr, config.lr / 250_000, (over - config.warmup) / (1 - config.warmup))
    return config.lr


def _between(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
