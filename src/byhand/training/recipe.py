"""Recipes: a network and how it is trained, as a TOML file that people read and write.

::

    # What it reproduces, and what it reached.
    [network]
    name = "mlp"  # one of the zoo's, or `layers = [{ kind = "Flatten" }, ...]`
    hidden = [128]

    [training]
    optimizer = "adam"
    lr = 0.001

    [data]
    name = "auto"
"""

from __future__ import annotations

import dataclasses
import itertools
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from byhand.data import Digits, Splits, load_digits
from byhand.data.digits import CLASSES, SIDE
from byhand.data.loading import say
from byhand.errors import ByhandError, nearest
from byhand.models import zoo
from byhand.models.layers import Dropout
from byhand.models.spec import Spec
from byhand.options import check_settings
from byhand.training.config import TrainingConfig

DATA: dict[str, Any] = {"name": "auto", "split": "", "split_seed": 0}
PROJECT: dict[str, Any] = {"states": "", "epoch_seconds": 0.0}
SHAPE = (SIDE, SIDE)
SECTIONS = ("network", "training", "data", "sweep", "project")
_LAYERED = {"layers": (), "input_shape": SHAPE, "loss": "softmax", "init": "glorot_uniform", "smoothing": 0.0}


@dataclass(frozen=True)
class Recipe:
    """A network, how it is trained and on what.

    Attributes
    ----------
    name
        ``name`` at the head of the file, or what the file is called.
    about
        The comment at its head.
    network
        ``name`` and the settings of a network of the zoo, or ``layers`` and the settings of a `Spec`. ``min_variance``,
        where given, leaves out the pixels whose variance over the training split (of values from 0 to 1) is no greater.
    training
        Settings of `Training` that are not the usual ones.
    data
        ``name``, ``split`` and ``split_seed`` of `byhand.data.load_digits`.
    sweep
        Settings and the values to try for each, all combinations; the best on validation wins.
    project
        Of a recipe that reproduces another's work: ``states``, what that work states in words, and ``epoch_seconds``,
        what an epoch of its own code takes on two cores.
    """

    name: str
    about: str = ""
    network: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    project: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Everything is checked now, so that a mistake in a file is told before any work begins.
        of = f"The recipe {self.name!r}"
        if not self.name.isprintable() or self.name in ("", ".", "..") or "/" in self.name:
            raise ByhandError(f"{of} has a name that no folder can have; give it a word for one.")
        _ = check_settings(f"{of}, section network,", self._network_usual(), self.network)
        if "min_variance" in self.network and "pixels" in self.network:
            raise ByhandError(f"{of} chooses its pixels twice; leave out min_variance or pixels.")
        spec = self._described({})
        if self.config.full_batch and any(isinstance(layer, Dropout) and layer.rate for layer in spec.layers):
            raise ByhandError(
                f"{of} drops values, and {self.config.optimizer} needs a loss that stays the same; "
                "leave out dropout, or choose another optimizer."
            )
        data = DATA | check_settings(f"{of}, section data,", DATA, self.data)
        if data["split_seed"] < 0:
            raise ByhandError(f"{of}, section data, was given split_seed = {data['split_seed']}; give 0 or more.")
        _ = check_settings(f"{of}, section project,", PROJECT, self.project)
        alone = dataclasses.replace(self, sweep={}) if self.sweep else self
        for key, values in self.sweep.items():
            if not isinstance(values, list | tuple) or not values:
                raise ByhandError(f"{of} sweeps {key} over {values!r}; give a list of values.")
            for value in values:
                alone.with_settings(**{key: value})

    def _network_usual(self) -> dict[str, Any]:
        if "layers" in self.network:
            if not isinstance(self.network["layers"], list | tuple):
                raise ByhandError(
                    f"The recipe {self.name!r} sets layers = {self.network['layers']!r}; give a list of layers."
                )
            return _LAYERED | {"layers": tuple(self.network["layers"])}
        if not isinstance(self.network.get("name"), str):
            raise ByhandError(
                f"The recipe {self.name!r} names no network; "
                f"give [network] a name ({', '.join(zoo.NETWORKS)}) or layers."
            )
        settings = {"name": ""} | zoo.settings_of(self.network["name"])
        return settings | {"min_variance": 0.0} if "pixels" in settings else settings

    @property
    def config(self) -> TrainingConfig:
        """The training's settings, checked."""
        return TrainingConfig(
            **check_settings(f"The recipe {self.name!r}, section training,", TrainingConfig.defaults(), self.training)
        )

    def with_settings(self, **settings: Any) -> Recipe:
        """Give the same recipe with some settings changed, whichever section they belong to; ``None`` changes nothing.

        A setting that is swept has this one value instead.

        Raises
        ------
        ByhandError
            If no section knows a setting.
        """
        sections: dict[str, Any] = {"network": dict(self.network), "training": dict(self.training)}
        known = {"network": self._network_usual(), "training": TrainingConfig.defaults()}
        for key, value in settings.items():
            if value is None:
                continue
            for section, default in known.items():
                if key in default:
                    sections[section][key] = _python(value)
                    break
            else:
                everything = [*known["network"], *known["training"]]
                raise ByhandError(f"The recipe {self.name!r} has no setting {key!r}; {nearest(key, everything)}.")
        sweep = {key: values for key, values in self.sweep.items() if settings.get(key) is None}
        return dataclasses.replace(self, **sections, sweep=sweep)

    @property
    def data_settings(self) -> dict[str, Any]:
        """Where the digits come from: ``name``, ``split`` and ``split_seed``, those that are usual too."""
        return {**DATA, **self.data}

    def load_splits(self, *, offline: bool = False, notify: Callable[[str], None] = say) -> Splits:
        """Load and split the digits, as `byhand.data.load_digits` does.

        Raises
        ------
        ByhandError
            If they cannot be had, read or split.
        """
        data = self.data_settings
        return load_digits(data["name"], data["split_seed"], data["split"] or None, offline, notify)

    def variants(self) -> list[tuple[dict[str, Any], Recipe]]:
        """Give every combination of the sweep: its settings, and the recipe with them, named after them.

        Without a sweep, the recipe alone.
        """
        variants = []
        for values in itertools.product(*self.sweep.values()):
            settings = dict(zip(self.sweep, values, strict=True))
            name = "_".join([self.name, *(f"{key}={_plain(value)}" for key, value in settings.items())])
            variants.append((settings, dataclasses.replace(self, name=name, sweep={}).with_settings(**settings)))
        return variants

    def with_data(self, **data: Any) -> Recipe:
        """Give the same recipe on other data: ``name``, ``split``, ``split_seed``; ``None`` changes nothing."""
        return dataclasses.replace(self, data={**self.data, **{k: v for k, v in data.items() if v is not None}})

    def spec(self, train: Digits) -> Spec:
        """Describe the network; the training split is looked at for near-constant pixels alone.

        Raises
        ------
        ByhandError
            If the layers do not fit together, or no pixel is left.
        """
        if "min_variance" in self.network:
            return self._described({"pixels": varying_pixels(train.images, float(self.network["min_variance"]))})
        return self._described({})

    def _described(self, pixels: Mapping[str, Any]) -> Spec:
        settings = {key: value for key, value in self.network.items() if key not in ("name", "min_variance")}
        if "layers" not in settings:
            if self.config.nondigits:
                raise ByhandError(
                    f"The recipe {self.name!r} trains on non-digits, and {self.network['name']!r} has no class for "
                    "them; describe the network by layers that end with 11 logits, or leave out nondigits."
                )
            return zoo.network(self.network["name"], **{**settings, **pixels})
        spec = Spec.from_dict(settings)
        # What is no digit is a class of its own.
        classes = CLASSES + (self.config.nondigits > 0)
        if (spec.input_shape, spec.classes) != (SHAPE, classes):
            raise ByhandError(
                f"The recipe {self.name!r} makes a network from pictures {spec.input_shape} to {spec.classes} "
                f"logits; {'digits and non-digits' if self.config.nondigits else 'digits'} need one from {SHAPE} "
                f"to {classes}."
            )
        return spec

    def to_toml(self) -> str:
        """Write the recipe as its file would be written."""
        comment = "".join(f"# {line}".rstrip() + "\n" for line in self.about.splitlines())
        sections = {"name": self.name} | {part: dict(getattr(self, part)) for part in SECTIONS if getattr(self, part)}
        return f"{comment}\n{tomli_w.dumps(sections)}" if comment else tomli_w.dumps(sections)


def _python(value: Any) -> Any:
    """Give a setting without NumPy's numbers, which no recipe's file can hold."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return type(value)(_python(entry) for entry in value) if type(value) in (list, tuple) else value


def _plain(value: Any) -> str:
    """Write a setting as a folder's name may hold it."""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text.replace("/", "-")


def varying_pixels(images: np.ndarray[Any, Any], least: float) -> tuple[int, ...]:
    """Indices of the pixels whose variance over the pictures, of values from 0 to 1, exceeds `least`."""
    rows = images.reshape(len(images), -1)
    # var = mean(x^2) - mean(x)^2, exact in integers but for the last division.
    total = rows.sum(axis=0, dtype=np.int64)
    squares = np.zeros_like(total)
    for start in range(0, len(rows), 4096):
        squares += np.square(rows[start : start + 4096], dtype=np.int64).sum(axis=0)
    variance = (squares / len(rows) - (total / len(rows)) ** 2) / 255**2
    kept = tuple(int(pixel) for pixel in np.flatnonzero(variance > least))
    if not kept:
        raise ByhandError(f"No pixel varies by more than min_variance = {least}; give a smaller one.")
    return kept


def shipped() -> tuple[str, ...]:
    """Names of the recipes that come with byhand."""
    files = resources.files("byhand") / "recipes"
    return tuple(sorted(file.name.removesuffix(".toml") for file in files.iterdir() if file.name.endswith(".toml")))


def load_recipe(name: str | Path) -> Recipe:
    """Load a shipped recipe by its name, or one's own by its path.

    Raises
    ------
    ByhandError
        If there is no such recipe, or the file is not a recipe.
    """
    return parse_recipe(recipe_text(name), str(name) if str(name) in shipped() else Path(name).stem)


def recipe_text(name: str | Path) -> str:
    """Give a recipe as its author wrote it, comments and all.

    Raises
    ------
    ByhandError
        If there is no such recipe, or the file cannot be read.
    """
    if str(name) in shipped():
        return (resources.files("byhand") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    path = Path(name)
    if path.suffix != ".toml":
        raise ByhandError(
            f"There is no recipe {str(name)!r}; {nearest(str(name), shipped())}, or name a file ending in .toml."
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise ByhandError(f"The recipe {path} cannot be read ({reason}); check its name.") from problem


def parse_recipe(text: str, name: str) -> Recipe:
    """Read a recipe from its text.

    Raises
    ------
    ByhandError
        If the text is not TOML, or a section or setting is unknown.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ByhandError(f"The recipe {name!r} is not TOML ({problem}); mend that place.") from problem
    name = str(content.pop("name", name))
    for section, values in content.items():
        if section not in SECTIONS:
            raise ByhandError(f"The recipe {name!r} has no section {section!r}; {nearest(section, SECTIONS)}.")
        if not isinstance(values, dict):
            raise ByhandError(f"The recipe {name!r} sets {section} = {values!r}; write it as a section, [{section}].")
    comment = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("#").strip())
    return Recipe(name, "\n".join(comment), **content)
