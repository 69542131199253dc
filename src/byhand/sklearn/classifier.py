"""The classifier: a network of byhand with the methods and manners of scikit-learn."""

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
from byhand.sklearn.parameters import Rows, described, training
from byhand.training.config import FULL_BATCH, SCHEDULES_OF_LENGTH
from byhand.training.environment import choose_device
from byhand.training.loop import Epoch, train_by_steps, train_full_batch
from byhand.training.optimizers import Optimizer, optimizer


def _in_parts(classifier: DigitClassifier) -> bool:
    """Whether a training can be made of parts; some methods need to see it whole."""
    schedule = (classifier.training_settings or {}).get("schedule")
    return not (classifier.optimizer in FULL_BATCH or schedule in SCHEDULES_OF_LENGTH or classifier.patience)


class DigitClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network of byhand as a classifier of scikit-learn.

    Parameters
    ----------
    network
        The name of a network of the zoo, or a `Spec`. ``softmax`` and ``mlp`` take rows of any width; those that read
        pictures take rows of 784 pixels or pictures ``(n, 28, 28)``. Of a zoo's network the number of classes is y's.
    hidden, dropout
        Of the zoo's network, as in its recipe; its usual ones, unless told.
    network_settings
        Further settings of it: ``{"activation": "tanh"}``.
    hand, device
        Which hand computes, and where.
    dtype
        ``"float32"`` or ``"float64"``; unless told, float32 for an X of float32 or uint8, and float64 for others.
    epochs, batch_size, optimizer, lr, l2
        As in a recipe's section ``[training]``.
    patience, validation_fraction
        Where patience is above 0, that share of the rows is held back, and training stops after so many epochs without
        a lower loss on them and goes back to the best.
    training_settings
        Further settings of `byhand.training.config.Training`: ``{"schedule": "cosine", "clip": 1.0}``.
    random_state
        Seed of weights, order and dropout.

    Attributes
    ----------
    classes_
        The labels, sorted.
    network_
        The trained network: `byhand.export.to_onnx` writes it for pixels from 0 to 255.
    n_iter_
        Epochs that were trained.
    loss_curve_, validation_loss_curve_
        Mean loss of each epoch; the second is empty where no rows are held back.
    n_features_in_, feature_names_in_
        Width of X, and the names of its columns where it has some.
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
            If X or y is not what scikit-learn's classifiers take.
        ByhandError
            If a setting is unknown or impossible, X is no picture where the network reads pictures, or the loss is no
            longer a number.
        """
        values, labels = self._validated(X, y, reset=True)
        self._begin(values, labels)
        self._train(values, labels, self._how.epochs)
        return self

    @available_if(_in_parts)  # type: ignore[untyped-decorator]  # nor has this
    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> Self:
        """Train one more epoch, on these rows.

        Optimisers and schedules that need to see the whole training, and patience, leave no `partial_fit`.

        Parameters
        ----------
        X, y
            As in `fit`.
        classes
            All labels there will be; the first call must tell.

        Raises
        ------
        ValueError
            If X, y or classes is not what scikit-learn's classifiers take.
        ByhandError
            As `fit`.
        """
        first = not hasattr(self, "network_")
        if first and classes is None:
            raise ValueError("The first call of partial_fit was given no classes; give all labels there will be.")
        if not (first or classes is None or np.array_equal(np.unique(classes), self.classes_)):
            raise ValueError("partial_fit was given other classes than at its first call; give the same, or none.")
        values, labels = self._validated(X, y, reset=first)
        if first:
            self._begin(values, classes)
        self._train(values, labels, 1)
        return self

    def predict_proba(self, X: npt.ArrayLike) -> Array:
        """Probabilities ``(n, K)`` of `classes_`, float64."""
        logits = self._logits(X)
        return probabilities(logits, self.network_.spec.loss)

    def predict(self, X: npt.ArrayLike) -> Array:
        """The likeliest labels ``(n,)``."""
        places = self._logits(X).argmax(axis=1)
        answers: Array = self.classes_[places]
        return answers

    @property
    def n_iter_(self) -> int:
        """Epochs that were trained."""
        check_is_fitted(self, "loss_curve_")
        return len(self.loss_curve_)

    def _begin(self, X: Array, labels: npt.ArrayLike | None) -> None:
        """Describe and build the network for X and these labels, and the optimiser."""
        encoder = LabelEncoder().fit(labels)
        names = ("hand", "device", "epochs", "batch_size", "optimizer", "lr", "l2", "patience")
        own = {name: getattr(self, name) for name in names}
        own["seed"] = int(check_random_state(self.random_state).randint(2**31 - 1))
        own["dtype"] = self.dtype or ("float32" if X.dtype in (np.float32, np.uint8) else "float64")
        config = training(own, self.training_settings)
        told = {name: value for name in ("hidden", "dropout") if (value := getattr(self, name)) is not None}
        spec = described(self.network, told, self.network_settings, X, len(encoder.classes_))
        self.classes_, self._encoder, self._how = encoder.classes_, encoder, config
        self._build(spec)
        self.loss_curve_, self.validation_loss_curve_ = [], []

    def _build(self, spec: Spec) -> None:
        config = self._how
        device = choose_device(config.device, config.hand, config.dtype)[0]
        self.network_ = build(spec, config.hand, seed=config.seed, dtype=config.dtype, device=device)
        self._optimizer: Optimizer | None = None if config.full_batch else optimizer(self.network_, config)

    def _train(self, X: Array, labels: Array, epochs: int) -> None:
        """Train more epochs; each draws from the streams of its number."""
        rows = Rows(self._shaped(X), self._encoder.transform(labels))
        first = len(self.loss_curve_)
        config = dataclasses.replace(self._how, epochs=first + epochs)
        # Where nothing is held back the engine looks at one block, and sees whether the loss is still a number.
        train, watched = rows, rows[:BLOCK]
        if config.patience:
            train, watched = self._held_back(rows)
        # The engine asks of digits what `Rows` has.
        splits = Splits(cast(Digits, train), cast(Digits, watched), cast(Digits, watched), config.seed)
        best: dict[str, Array] = {}

        def after(epoch: Epoch) -> bool:
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
            train_full_batch(self.network_, splits, config, after)
        else:
            train_by_steps(self.network_, self._optimizer, splits, config, after, first)
        if best:
            self.network_.load(best)

    def _held_back(self, rows: Rows) -> tuple[Rows, Rows]:
        if not 0 < self.validation_fraction < 1:
            raise ByhandError(f"validation_fraction was given as {self.validation_fraction}; give a share from 0 to 1.")
        held = max(1, round(self.validation_fraction * len(rows)))
        if held == len(rows):
            raise ValueError(f"n_samples={held} rows leave none to train on with patience; give more, or patience = 0.")
        order = generator(self._how.seed, "validation").permutation(len(rows))
        return rows[order[held:]], rows[order[:held]]

    def _validated(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        """Bring X, and y where there is one, to arrays as scikit-learn does, with its errors; pictures to rows."""
        if getattr(X, "ndim", 0) == 3 and X.shape[1:] == (SIDE, SIDE):
            X = X.reshape(len(X), -1)
        found = validate_data(self, X, y, reset=reset)
        if isinstance(found, tuple):
            check_classification_targets(found[1])
        return found

    def _shaped(self, X: Array) -> Array:
        """Give rows the shape and the type that the network reads; bytes stay bytes."""
        network = self.network_
        X = X if X.dtype == np.uint8 else X.astype(network.dtype, copy=False)
        return X.reshape(len(X), *network.spec.input_shape)

    def _logits(self, X: npt.ArrayLike) -> Array:
        check_is_fitted(self, "network_")
        return self.network_.logits(self._shaped(self._validated(X, reset=False)))

    def _values(self) -> dict[str, Array]:
        return self.network_.parameters() | self.network_.state()

    def __getstate__(self) -> dict[str, Any]:
        """Keep a fitted network as its spec and its arrays, without what it works in."""
        kept: dict[str, Any] = dict(super().__getstate__())
        if "network_" in kept:
            values = {name: np.array(value) for name, value in self._values().items()}
            kept["network_"] = (self.network_.spec, values)
            kept["_optimizer"] = None if self._optimizer is None else self._optimizer.state_dict()
        return kept

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """Build the network again."""
        super().__setstate__(kept)
        if "network_" in kept:
            spec, values = kept["network_"]
            self._build(spec)
            self.network_.load(values)
            if self._optimizer is not None:
                self._optimizer.load_state(kept["_optimizer"])
