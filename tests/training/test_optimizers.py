"""Every hand-written optimizer against ``torch.optim``, over fifty steps in float64, to 1e-10."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from byhand.hands import Network, build
from byhand.models.layers import Flatten, Linear, ReLU, Standardize
from byhand.models.spec import Spec
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import FORMULAS, optimizer

SPEC = Spec((Standardize(), Flatten(), Linear(3), ReLU(), Linear(2)), input_shape=(2, 2))
SETTINGS = {"momentum": 0.8, "beta1": 0.85, "beta2": 0.95, "alpha": 0.9, "epsilon": 1e-6}


def library(name: str, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
    betas, eps = (0.85, 0.95), 1e-6
    return {
        "sgd": lambda: torch.optim.SGD(groups, lr=1.0),
        "momentum": lambda: torch.optim.SGD(groups, lr=1.0, momentum=0.8),
        "nesterov": lambda: torch.optim.SGD(groups, lr=1.0, momentum=0.8, nesterov=True),
        "rmsprop": lambda: torch.optim.RMSprop(groups, lr=1.0, alpha=0.9, eps=eps),
        "adam": lambda: torch.optim.Adam(groups, lr=1.0, betas=betas, eps=eps),
        "adamw": lambda: torch.optim.AdamW(groups, lr=1.0, betas=betas, eps=eps),
    }[name]()


def slope(theta: np.ndarray, step: int) -> np.ndarray:
    """The gradient of nothing in particular: it bends, it differs from entry to entry and from step to step."""
    k = np.arange(1, len(theta) + 1)
    return np.sin(k * theta) + 0.1 * theta * k + 0.3 * np.cos(k + step)


def by_torch(name: str, start: np.ndarray, l2: float, decay_biases: bool, clip: float) -> np.ndarray:
    """Fifty steps of the library's optimizer on tensors of its own."""
    tensors, where, first = [], [], 0
    for parameter in SPEC.parameters:
        where.append(slice(first, first + parameter.size))
        tensors.append(torch.tensor(start[where[-1]].reshape(parameter.shape), requires_grad=True))
        first += parameter.size
    weights, biases = tensors[::2], tensors[1::2]
    moving = library(
        name, [{"params": weights, "weight_decay": l2}, {"params": biases, "weight_decay": l2 if decay_biases else 0.0}]
    )
    for step in range(50):
        theta = np.concatenate([tensor.detach().numpy().ravel() for tensor in tensors])
        gradient = slope(theta, step)
        for tensor, part in zip(tensors, where, strict=True):
            tensor.grad = torch.tensor(gradient[part].reshape(tensor.shape))
        if clip:
            torch.nn.utils.clip_grad_norm_(tensors, clip)
        for group in moving.param_groups:
            group["lr"] = 0.02 / (1 + step / 10)
        moving.step()
    return np.concatenate([tensor.detach().numpy().ravel() for tensor in tensors])


def flat(network: Network) -> np.ndarray:
    return np.concatenate([value.ravel() for value in network.parameters().values()])


def by_us(hand: str, config: TrainingConfig, start: np.ndarray, halt: int = 50) -> np.ndarray:
    """The same with ours; a new optimizer takes over the old one's memory at step `halt`."""
    network = build(SPEC, hand, dtype="float64")
    network.theta[...] = start if hand == "numpy" else torch.from_numpy(start)
    moving = optimizer(network, config)
    for step in range(50):
        if step == halt:
            state_dict = moving.state_dict()
            moving = optimizer(network, config)
            moving.load_state({name: value.copy() for name, value in state_dict.items()})
        gradient = slope(flat(network), step)
        network.gradient[...] = gradient if hand == "numpy" else torch.from_numpy(gradient)
        moving.step(0.02 / (1 + step / 10))
    return flat(network)


@pytest.mark.parametrize("hand", ["numpy", "tensor"])
@pytest.mark.parametrize("name", FORMULAS)
def test_as_torch_has_it(name: str, hand: str) -> None:
    start = np.random.default_rng(0).normal(size=SPEC.size)
    ends = []
    for l2, decay_biases, clip in itertools.product((0.0, 0.05), (False, True), (0.0, 0.7)):
        config = TrainingConfig(optimizer=name, l2=l2, decay_biases=decay_biases, clip=clip, **SETTINGS)
        ours = by_us(hand, config, start)
        theirs = by_torch(name, start, l2, decay_biases, clip)
        assert np.abs(ours - theirs).max() / np.abs(theirs).max() < 1e-10, (l2, decay_biases, clip)
        assert np.array_equal(by_us(hand, config, start, halt=20), ours)
        ends.append(ours)
    # Every setting matters: 2 (l2, with its choice of biases: 3) x 2 (clip) different ends.
    assert len({end.tobytes() for end in ends}) == 6


@pytest.mark.parametrize("name", FORMULAS)
def test_the_library_remembers(name: str) -> None:
    """A memory copied to a new optimizer of a new network: the same bits from then on."""
    images = np.random.default_rng(0).integers(0, 256, (4, 2, 2), dtype=np.uint8)
    labels = np.array([0, 1, 1, 0])
    config = TrainingConfig(optimizer=name, l2=0.01)
    ends = []
    for halt in (None, 4):
        network = build(SPEC, "torch")
        moving = optimizer(network, config)
        for step in range(8):
            if step == halt:
                weights, state_dict = network.parameters(), moving.state_dict()
                network = build(SPEC, "torch", seed=9)
                network.load({key: value.copy() for key, value in weights.items()})
                moving = optimizer(network, config)
                moving.load_state({key: value.copy() for key, value in state_dict.items()})
            network.loss_and_gradient(images, labels)
            moving.step(0.05)
        ends.append(flat(network))
    assert np.array_equal(*ends)
