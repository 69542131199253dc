"""`DigitClassifier`: a network of byhand with scikit-learn's interface."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from byhand.data import Digits, Splits
from byhand.data.digits import SIDE
from byhand.errors import ByhandError
from byhand.hands import Array, Network, build
from byhand.hands.base import BLOCK
from byhand.metrics.losses import probabilities
from byhand.models.spec import Spec
from byhand.rng import generator
from byhand.sklearn.parameters import LabelledRows, make_config, make_spec
from byhand.sklearn.scale import pixel_scale, require_finite, warn_of_another_scale
from byhand.training.config import FULL_BATCH, SCHEDULES_OF_LENGTH
from byhand.training.environment import choose_device
from byhand.training.loop import Epoch, train_by_steps, train_full_batch
from byhand.training.optimizers import Optimizer, optimizer


def _is_incremental(classifier: DigitClassifier) -> bool:
    """Whether epochs can be trained one by one; some optimizers and schedules need to know their number."""
    schedule = (classifier.training_settings or {}).get("schedule")
    return not (classifier.optimizer in FULL_BATCH or schedule in SCHEDULES_OF_LENGTH or classifier.patience)


class DigitClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network of byhand as a scikit-learn classifier. A fitted one may predict in any number of threads.

    Parameters
    ----------
    network
        The name of a network, or a `Spec`. ``softmax`` and ``mlp`` take rows of any width; the others take rows of 784
        pixels or pictures ``(n, 28, 28)``. A named network gets as many classes as y has.
    hidden, dropout
        Settings of a named network; by default those of its recipe.
    network_settings
        Other settings of the network: ``{"activation": "tanh"}``.
    hand, device
        ``"fast"``, ``"numpy"``, ``"tensor"`` or ``"torch"``, and the device of the last two.
    dtype
        ``"float32"`` or ``"float64"``; by default float32 if X is float32 or uint8, float64 otherwise.
    epochs, batch_size, optimizer, lr, l2
        Settings as in section ``[training]`` of a recipe.
    patience, validation_fraction
        If patience is positive, this fraction of the rows is held out, and training stops after `patience` epochs
        without a lower loss on them and restores the best weights.
    training_settings
        Other settings of `byhand.training.config.TrainingConfig`: ``{"schedule": "cosine", "clip": 1.0}``.
    random_state
        Seed of initial weights, order and dropout.

    Attributes
    ----------
    classes_
        The labels, sorted.
    network_
        The trained network; `byhand.export.to_onnx` exports it for pixels from 0 to 255.
    n_iter_
        Number of epochs trained.
    loss_curve_, validation_loss_curve_
        Mean loss of each epoch; the second is empty if no rows are held out.
    n_features_in_, feature_names_in_
        Number of columns of X, and their names if it has any.
    """

    classes_: Array
    network_: Network
    loss_curve_: list[float]
    validation_loss_curve_: list[float]

    def __init__(
        self,
        network: str | Spec = "mlp",
        *,
        hidden: int | tuple[int, ...] | None = None,
        dropout: float | None = None,
        network_settings: Mapping[str, Any] | None = None,
        hand: str = "fast",
        device: str = "auto",
        dtype: str | None = None,
        epochs: int = 20,
        batch_size: int = 32,
        optimizer: str = "adam",
        lr: float = 0.001,
        l2: float = 0.0,
        patience: int = 0,
        validation_fraction: float = 0.1,
        training_settings: Mapping[str, Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.network = network
        self.hidden = hidden
        self.dropout = dropout
        self.network_settings = network_settings
        self.hand = hand
        self.device = device
        self.dtype = dtype
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.lr = lr
        self.l2 = l2
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.training_settings = training_settings
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Train a new network.

        Parameters
        ----------
        X
            Numbers ``(n, features)``, or pictures ``(n, 28, 28)``.
        y
            Labels ``(n,)`` of any kind.

        Raises
        ------
        ValueError
            If scikit-learn's classifiers refuse X or y.
        ByhandError
            If a setting is unknown or invalid, the network reads pictures and X holds none, or the loss diverges.
        """
        values, labels = self._validated(X, y, reset=True)
        self._begin(values, labels)
        self._train(values, labels, self._config.epochs)
        return self

    @available_if(_is_incremental)  # type: ignore[untyped-decorator]  # nor has this
    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> Self:
        """Train one more epoch on these rows.

        Not available with patience, and with optimizers and schedules that need the number of epochs.

        Parameters
        ----------
        X, y
            As in `fit`.
        classes
            All labels that will occur; required in the first call.

        Raises
        ------
        ValueError
            If scikit-learn's classifiers refuse X, y or classes.
        ByhandError
            As `fit`.
        """
        first = not hasattr(self, "network_")
        if first and classes is None:
            raise ValueError("The first call of partial_fit needs classes: all labels that will occur.")
        if not (first or classes is None or np.array_equal(np.unique(classes), self.classes_)):
            raise ValueError("invalid classes; expected those of the first call of partial_fit, or none.")
        values, labels = self._validated(X, y, reset=first)
        if first:
            self._begin(values, classes)
        self._train(values, labels, 1)
        return self

    def predict_proba(self, X: npt.ArrayLike) -> Array:
        """Probabilities ``(n, K)`` of `classes_`, float64; `ScaleWarning` if X is on another scale than in `fit`."""
        return probabilities(self._logits(X), self.network_.spec.loss)

    def predict(self, X: npt.ArrayLike) -> Array:
        """The most probable labels ``(n,)``; `ScaleWarning` as in `predict_proba`."""
        indices = self._logits(X).argmax(axis=1)
        labels: Array = self.classes_[indices]
        return labels

    @property
    def n_iter_(self) -> int:
        """Number of epochs trained."""
        check_is_fitted(self, "loss_curve_")
        return len(self.loss_curve_)

    def _begin(self, X: Array, labels: npt.ArrayLike | None) -> None:
        """Build the network for X and these labels, and the optimizer."""
        encoder = LabelEncoder().fit(labels)
        names = ("hand", "device", "epochs", "batch_size", "optimizer", "lr", "l2", "patience")
        own = {name: getattr(self, name) for name in names}
        own["seed"] = int(check_random_state(self.random_state).randint(2**31 - 1))
        own["dtype"] = self.dtype or ("float32" if X.dtype in (np.float32, np.uint8) else "float64")
        config = make_config(own, self.training_settings)
        sizes = {name: value for name in ("hidden", "dropout") if (value := getattr(self, name)) is not None}
        spec = make_spec(self.network, sizes, self.network_settings, X, len(encoder.classes_))
        self.classes_, self._encoder, self._config = encoder.classes_, encoder, config
        self._build(spec)
        self.loss_curve_, self.validation_loss_curve_ = [], []

    def _build(self, spec: Spec) -> None:
        config = self._config
        device = choose_device(config.device, config.hand, config.dtype)[0]
        self.network_ = build(spec, config.hand, seed=config.seed, dtype=config.dtype, device=device)
        # X is any numbers: the first layer standardizes them as they are.
        self.network_.pixels = False
        self._optimizer: Optimizer | None = None if config.full_batch else optimizer(self.network_, config)

    def _train(self, X: Array, labels: Array, epochs: int) -> None:
        """Train more epochs; each draws from the random streams of its number."""
        rows = LabelledRows(self._shaped(X), self._encoder.transform(labels))
        first = len(self.loss_curve_)
        config = dataclasses.replace(self._config, epochs=first + epochs)
        # Without validation rows the loop measures the loss on one block of training rows.
        train, validation = self._hold_out(rows) if config.patience else (rows, rows[:BLOCK])
        # The loop uses no more of `Digits` than `LabelledRows` has.
        splits = Splits(cast(Digits, train), cast(Digits, validation), cast(Digits, validation), config.seed)
        best: dict[str, Array] = {}

        def report(epoch: Epoch) -> bool:
            self.loss_curve_.append(epoch.entry["train_loss"])
            if not config.patience:
                return False
            self.validation_loss_curve_.append(epoch.entry["val_loss"])
            losses = self.validation_loss_curve_[first:]
            since = len(losses) - 1 - losses.index(min(losses))
            if since == 0:
                best.update({name: value.copy() for name, value in self._values().items()})
            return since >= config.patience

        if self._optimizer is None:
            train_full_batch(self.network_, splits, config, report)
        else:
            train_by_steps(self.network_, self._optimizer, splits, config, report, first)
        if best:
            self.network_.load(best)

    def _hold_out(self, rows: LabelledRows) -> tuple[LabelledRows, LabelledRows]:
        if not 0 < self.validation_fraction < 1:
            raise ByhandError(
                f"Invalid validation_fraction = {self.validation_fraction}; expected a number between 0 and 1.",
                code="settings.invalid",
            )
        count = max(1, round(self.validation_fraction * len(rows)))
        if count == len(rows):
            raise ValueError(f"n_samples={count} leaves no rows to train on; give more rows, or patience = 0.")
        order = generator(self._config.seed, "validation").permutation(len(rows))
        return rows[order[count:]], rows[order[:count]]

    def _validated(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        """Validate X, and y if given, with scikit-learn's own errors; pictures become rows."""
        if getattr(X, "ndim", 0) == 3 and X.shape[1:] == (SIDE, SIDE):
            X = X.reshape(len(X), -1)
        found = validate_data(self, X, y, reset=reset, ensure_all_finite=False)
        values = found[0] if isinstance(found, tuple) else found
        require_finite(values)
        if isinstance(found, tuple):
            check_classification_targets(found[1])
        if reset:
            self._scale = pixel_scale(values)
        else:
            warn_of_another_scale(values, self._scale)
        return found

    def _shaped(self, X: Array) -> Array:
        """Reshape rows for the network and convert them to its dtype; uint8 is unchanged."""
        network = self.network_
        X = X if X.dtype == np.uint8 else X.astype(network.dtype, copy=False)
        return X.reshape(len(X), *network.spec.input_shape)

    def _logits(self, X: npt.ArrayLike) -> Array:
        check_is_fitted(self, "network_")
        return self.network_.logits(self._shaped(self._validated(X, reset=False)))

    def _values(self) -> dict[str, Array]:
        return self.network_.parameters() | self.network_.state()

    def __getstate__(self) -> dict[str, Any]:
        """Pickle a fitted network as its spec and its arrays, without buffers."""
        state: dict[str, Any] = dict(super().__getstate__())
        if "network_" in state:
            values = {name: np.array(value) for name, value in self._values().items()}
            state["network_"] = (self.network_.spec, values)
            state["_optimizer"] = None if self._optimizer is None else self._optimizer.state_dict()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the network."""
        super().__setstate__(state)
        if "network_" in state:
            spec, values = state["network_"]
            self._build(spec)
            self.network_.load(values)
            if self._optimizer is not None:
                self._optimizer.load_state(state["_optimizer"])
