"""What any network must satisfy before training: it knows nothing, can learn, and leaves correct outputs unchanged.

First loss
    A network that has seen no labels cannot do better than chance. If it gave all K classes the same, its loss would be
    ``ln K`` (2.303 for ten), or for K sigmoids at one half ``K ln 2`` (6.931). Starting weights give logits of some
    spread, which costs more: what chance costs *these* logits is their loss averaged over all labels,

        softmax  mean_B( logsumexp(z) - mean_K z )         sigmoid  mean_B( sum_K log(1 + exp(z)) - mean_K z ),

    about ``ln K + var(z) (1 - 1/K) / 2`` and ``K (ln 2 + var(z) / 8)``. The first loss on 200 labelled digits must be
    within a fourth of that, for a finite sample; and it must be less than twice the loss of equal logits, for starting
    weights of a wild spread begin with a loss that training must first undo.
One batch
    32 digits must be learned to a loss of less than a hundredth of the first (above the least that label smoothing
    allows), in at most 300 steps of L-BFGS or else of Adam. A network that cannot has a gradient or a layer missing.
Confident and right
    Where the logits already say what the target says, the gradient of everything is zero. The last layer is given
    such a bias and no weights; without a last `Linear`, the loss alone is checked.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from byhand.hands import Network, build
from byhand.hands.base import Array
from byhand.hands.by_numpy.losses import LOSSES, targets
from byhand.metrics.losses import mean_loss
from byhand.models.layers import BatchNorm1d, Container, Layer, Linear
from byhand.models.spec import Spec
from byhand.training.config import TrainingConfig
from byhand.training.optimizers import optimizer
from byhand.verify.result import Check
from byhand.verify.subject import pictures

FIRST, LEARNS, RIGHT = "first loss", "learns a batch", "confident and right"
NEAR_CHANCE, NEAR_EQUAL, LEARNED, ZERO = 0.25, 1.0, 0.01, 1e-10
BATCH, MOST_STEPS = 32, 300


def check_sanity(spec: Spec, seed: int) -> tuple[Check, Check, Check]:
    """Make the three checks, in the hand that is the default everywhere."""
    return _first(spec, seed), _learns(spec, seed), _right(spec, seed)


def equal_loss(spec: Spec) -> float:
    """Loss of logits that are all zero: ``ln K`` or ``K ln 2`` for any target."""
    return math.log(spec.classes) if spec.loss == "softmax" else spec.classes * math.log(2)


def chance_loss(z: Array, loss: str) -> float:
    """Mean loss of logits ``(B, K)`` over all labels, that is, when they know nothing of the label."""
    from scipy.special import logsumexp

    z = z.astype(np.float64)
    total = logsumexp(z, axis=1) if loss == "softmax" else np.logaddexp(0, z).sum(axis=1)
    return float(np.mean(total - z.mean(axis=1)))


def _first(spec: Spec, seed: int) -> Check:
    network = build(_with_last_averages(spec), seed=seed, dtype="float64")
    images, labels = pictures(spec, 200, seed)
    if spec.state:
        # Running averages mean nothing before the first batch, whose own averages training begins with.
        network.loss_and_gradient(images, labels)
    logits = network.logits(images)
    first, chance, equal = mean_loss(logits, labels, spec.loss), chance_loss(logits, spec.loss), equal_loss(spec)
    formula = f"ln {spec.classes}" if spec.loss == "softmax" else f"{spec.classes} ln 2"
    text = (
        f"{first:.3f}; chance costs {chance:.3f} with logits spread by {logits.std():.2f}, "
        f"and {equal:.3f} = {formula} with equal ones"
    )
    details = {"first": first, "chance": chance, "equal": equal, "spread": float(logits.std())}
    difference = abs(first - chance) / chance if math.isfinite(first) and math.isfinite(chance) else math.inf
    wild = not first <= (1 + NEAR_EQUAL) * equal
    return Check(
        FIRST,
        difference,
        NEAR_CHANCE,
        len(images),
        text,
        (f"starting weights: first loss {text}",) if wild or difference > NEAR_CHANCE else (),
        details=details,
    )


def _with_last_averages(spec: Spec) -> Spec:
    """Return the same network with running averages that are the last batch's alone."""

    def changed(layer: Layer) -> Layer:
        if isinstance(layer, Container):
            return replace(layer, layers=tuple(map(changed, layer.layers)))
        return replace(layer, momentum=1.0) if isinstance(layer, BatchNorm1d) else layer

    return replace(spec, layers=tuple(map(changed, spec.layers)))


def _learns(spec: Spec, seed: int) -> Check:
    from scipy.special import entr

    images, labels = pictures(spec, BATCH, seed)
    t = _targets(labels, spec)
    # No logits can do better than the entropy of their targets.
    least = float(np.mean(np.sum(entr(t) + (entr(1 - t) if spec.loss == "sigmoid" else 0), axis=1)))
    best, text = math.inf, ""
    for name, learn in (("L-BFGS", _by_line_searches), ("Adam", _by_steps)):
        batch = _Batch(build(spec, seed=seed, dtype="float64"), images, labels, least)
        learn(batch)
        best = min(batch.remaining)
        text = f"{BATCH} digits, {100 * best:.2g} % of the first loss after {len(batch.remaining) - 1} steps of {name}"
        if best <= LEARNED:
            break
    # If all gradients are right, there are too few units, or they are closed for all digits from the start.
    failures = () if best <= LEARNED else (f"network: {text}; if the gradients hold, give it more units",)
    return Check(LEARNS, best, LEARNED, BATCH, text, failures)


@dataclass
class _Batch:
    """A network and the batch that it is to learn; `remaining` is what is left of the first loss at every pass."""

    network: Network
    images: Array
    labels: Array
    least: float
    first: float = math.nan
    remaining: list[float] = field(default_factory=list)

    def loss(self) -> float:
        """Pass once; ends all learning when the batch is learned."""
        loss = self.network.loss_and_gradient(self.images, self.labels) - self.least
        if not self.remaining:
            self.first = loss
        self.remaining.append(loss / self.first if math.isfinite(loss) else math.inf)
        if self.remaining[-1] <= LEARNED:
            raise StopIteration
        return loss


def _by_line_searches(batch: _Batch) -> None:
    """Learn by L-BFGS, which needs no rate that suits rectifiers, sigmoids and recurrences alike."""
    from scipy.optimize import minimize

    def objective(theta: Array) -> tuple[float, Array]:
        batch.network.theta[...] = theta
        return batch.loss(), batch.network.gradient.copy()

    with suppress(StopIteration):
        minimize(objective, batch.network.theta.copy(), jac=True, method="L-BFGS-B", options={"maxfun": MOST_STEPS})


def _by_steps(batch: _Batch) -> None:
    """Learn by Adam, where a line search was caught at a kink."""
    config = TrainingConfig(optimizer="adam", lr=0.01)
    moving = optimizer(batch.network, config)
    with suppress(StopIteration):
        while len(batch.remaining) <= MOST_STEPS and batch.loss() < math.inf:
            moving.step(config.lr)


def _right(spec: Spec, seed: int) -> Check:
    labels = np.zeros(BATCH, np.int64)
    t = np.clip(_targets(labels, spec), 1e-16, 1 - 1e-16)
    # softmax(log t) = t, sigma(log(t / (1 - t))) = t
    z = np.log(t) if spec.loss == "softmax" else np.log(t) - np.log1p(-t)
    last = spec.layers[-1]
    if not isinstance(last, Linear):
        largest = float(np.abs(LOSSES[spec.loss](z, labels, spec.smoothing)[1]).max())
        return Check(RIGHT, largest, ZERO, z.size, f"largest gradient of the logits {largest:.1e}")
    network = build(spec, "numpy", seed=seed, dtype="float64")
    images, others = pictures(spec, BATCH, seed)
    network.loss_and_gradient(images, others)
    start = max(float(np.abs(gradient).max()) for gradient in network.gradients().values())
    weight, bias = (parameter.name for parameter in spec.layer_parameters[-1])
    network.load({**network.parameters(), **network.state(), weight: 0 * network.parameters()[weight], bias: z[0]})
    network.loss_and_gradient(images, labels)
    found = {name: float(np.abs(gradient).max()) / start for name, gradient in network.gradients().items()}
    name = max(found, key=lambda name: found[name])
    return Check(
        RIGHT,
        found[name],
        ZERO,
        spec.size,
        f"{name} has the largest gradient, {found[name]:.1e} of that at the start",
        tuple(
            f"{name}: its gradient is {value:.1e} of that at the start"
            for name, value in found.items()
            if not value <= ZERO
        ),
        details=found,
    )


def _targets(labels: Array, spec: Spec) -> Array:
    """Targets ``(B, K)``: one-hot, smoothed."""
    return targets(np.zeros((len(labels), spec.classes)), labels, spec.smoothing)
