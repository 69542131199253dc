"""Checkpoints: all that a run needs to resume, or a network to be rebuilt, in one safetensors file.

A parameter or running average has its own name in it, the optimizer's state is ``optimizer/...``, the best weights so
far are ``best/...``. The header holds the spec as JSON, so the file is enough to build the network. No pickle is
read or written: safetensors holds arrays and text, and no code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from byhand.data import Splits
from byhand.errors import ByhandError
from byhand.hands import Array
from byhand.io import replacing
from byhand.models.spec import Spec

DAMAGED = (SafetensorError, ByhandError, AttributeError, KeyError, ValueError, TypeError, RecursionError)
"""What reading a damaged file can raise; deep brackets are a `RecursionError`."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run between two epochs.

    Attributes
    ----------
    spec
        The network.
    epochs
        How many epochs are done.
    values
        Parameters and state by name.
    optimizer
        The optimizer's state.
    best
        Parameters and state of the best epoch so far; empty without patience.
    facts
        Further JSON values: the hand, the fingerprint of the digits.
    """

    spec: Spec
    epochs: int
    values: dict[str, Array] = field(repr=False)
    optimizer: dict[str, Array] = field(default_factory=dict, repr=False)
    best: dict[str, Array] = field(default_factory=dict, repr=False)
    facts: dict[str, Any] = field(default_factory=dict, repr=False)

    def save(self, path: Path) -> None:
        """Write the file in one step.

        Raises
        ------
        ByhandError
            If the disk is full, or the file may not be written.
        """
        arrays = dict(self.values)
        arrays |= {f"optimizer/{name}": value for name, value in self.optimizer.items()}
        arrays |= {f"best/{name}": value for name, value in self.best.items()}
        header = {"spec": self.spec.to_dict(), "epochs": self.epochs, "facts": self.facts}
        with replacing(path) as beside:
            try:
                save_file(
                    {name: np.asarray(value, order="C") for name, value in arrays.items()},
                    beside,
                    metadata={"byhand": json.dumps(header, sort_keys=True)},
                )
            except SafetensorError as problem:
                raise ByhandError(
                    f"{path} cannot be written ({problem}); free some space and resume by --resume {path.parent}.",
                    code="run.not_writable",
                ) from problem

    def require_digits(self, name: str | Path, splits: Splits) -> None:
        """Raise `ByhandError` (``run.other_digits``) unless the run was trained on these digits."""
        if self.facts.get("data") != splits.fingerprint:
            raise ByhandError(
                f"{name} was trained on different digits from those that {splits.name} split "
                f"{'/'.join(map(str, splits.sizes))} ({splits.source}) now provides; restore those that it was "
                "trained on, name digits by --data, or train a new run.",
                code="run.other_digits",
            )

    @classmethod
    def load(cls, path: Path, *, arrays: bool = True) -> Checkpoint:
        """Read the file, or without `arrays` only its header.

        Raises
        ------
        ByhandError
            If the file is missing, damaged, or not one of ours.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                header = json.loads((file.metadata() or {})["byhand"])
                values = {name: file.get_tensor(name) for name in file.keys()} if arrays else {}  # noqa: SIM118
            spec, epochs, facts = Spec.from_dict(header["spec"]), int(header["epochs"]), dict(header["facts"])
            parts: dict[str, dict[str, Array]] = {"": {}, "optimizer": {}, "best": {}}
            for name, value in values.items():
                part, _, rest = name.rpartition("/")
                parts[part][rest] = value
        except OSError as problem:
            raise ByhandError(
                f"There is no checkpoint {path}: the run has not saved one yet.", code="checkpoint.not_found"
            ) from problem
        except (
            SafetensorError,
            ByhandError,
            AttributeError,
            KeyError,
            ValueError,
            TypeError,
            RecursionError,
        ) as problem:
            raise ByhandError(
                f"{path} is damaged, or not a checkpoint of byhand; train the run again.", code="checkpoint.damaged"
            ) from problem
        return cls(spec, epochs, parts[""], parts["optimizer"], parts["best"], facts)
