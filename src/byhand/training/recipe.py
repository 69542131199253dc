"""Recipes: a network and how it is trained, as a TOML file.

::

    # What it reproduces, and the accuracy it reached.
    [network]
    name = "mlp"  # a network of the zoo, or `layers = [{ kind = "Flatten" }, ...]`
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

from byhand.data import Dataset, Digits, Splits, load_dataset, split
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
SPEC = {"layers": (), "input_shape": SHAPE, "loss": "softmax", "init": "glorot_uniform", "smoothing": 0.0}


@dataclass(frozen=True)
class Recipe:
    """A network, how it is trained, and the digits it is trained on.

    Attributes
    ----------
    name
        ``name`` in the file, or the file's name without its suffix.
    description
        The comment at the top of the file.
    network
        ``name`` and the settings of a network of the zoo, or ``layers`` and the settings of a `Spec`. ``min_variance``
        leaves out the pixels whose variance over the training split (of values from 0 to 1) is no greater.
    training
        Settings of `TrainingConfig` that differ from its defaults.
    data
        ``name``, ``split`` and ``split_seed`` of `byhand.data.load_digits`.
    sweep
        Settings and the values to try for each, in all combinations; the best on validation wins.
    project
        For a recipe that reproduces another project: ``states``, the result that project states, and
        ``epoch_seconds``, what an epoch of its code takes on two cores.
    split_required
        Whether a split that asks for more digits than there are is an error (`with_data`) or is replaced by the default
        one (a recipe's own).
    """

    name: str
    description: str = ""
    network: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    project: Mapping[str, Any] = field(default_factory=dict)
    split_required: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        # Everything is checked here, so that a mistake in a file is reported before any work begins.
        recipe = f"The recipe {self.name!r}"
        if not self.name.isprintable() or self.name in ("", ".", "..") or "/" in self.name:
            raise self._error("has a name that no folder can have; give it another one", "invalid_name")
        check_settings(f"{recipe}, section network,", self._network_defaults(), self.network)
        if "min_variance" in self.network and "pixels" in self.network:
            raise self._error("sets both min_variance and pixels; leave one of them out")
        spec = self._spec({})
        if self.config.full_batch and any(isinstance(layer, Dropout) and layer.rate for layer in spec.layers):
            raise self._error(
                f"has dropout, and {self.config.optimizer} needs a deterministic loss; leave out dropout, or choose "
                "another optimizer"
            )
        data = DATA | check_settings(f"{recipe}, section data,", DATA, self.data)
        if data["split_seed"] < 0:
            raise self._error(f"has split_seed = {data['split_seed']}; expected 0 or more")
        check_settings(f"{recipe}, section project,", PROJECT, self.project)
        single = dataclasses.replace(self, sweep={}) if self.sweep else self
        for key, values in self.sweep.items():
            if not isinstance(values, list | tuple) or not values:
                raise self._error(f"sweeps {key} over {values!r}; expected a list of values", "invalid_sweep")
            for value in values:
                single.with_settings(**{key: value})

    def _error(self, problem: str, code: str = "invalid_setting") -> ByhandError:
        return ByhandError(f"The recipe {self.name!r} {problem}.", code=f"recipe.{code}")

    def _network_defaults(self) -> dict[str, Any]:
        if "layers" in self.network:
            layers = self.network["layers"]
            if not isinstance(layers, list | tuple):
                raise self._error(f"sets layers = {layers!r}; expected a list of layers")
            return SPEC | {"layers": tuple(layers)}
        if not isinstance(self.network.get("name"), str):
            names = ", ".join(zoo.NETWORKS)
            raise self._error(f"names no network; expected [network] with a name ({names}) or layers", "no_network")
        settings = {"name": ""} | zoo.settings_of(self.network["name"])
        return settings | {"min_variance": 0.0} if "pixels" in settings else settings

    @property
    def config(self) -> TrainingConfig:
        """The settings of the training, checked."""
        return TrainingConfig(
            **check_settings(f"The recipe {self.name!r}, section training,", TrainingConfig.defaults(), self.training)
        )

    def with_settings(self, **settings: Any) -> Recipe:
        """Copy the recipe with some settings changed, of whichever section; ``None`` changes nothing.

        A setting of the sweep is taken out of the sweep.

        Raises
        ------
        ByhandError
            ``recipe.unknown_setting`` if no section has a setting of that name.
        """
        sections: dict[str, Any] = {"network": dict(self.network), "training": dict(self.training)}
        known = {"network": self._network_defaults(), "training": TrainingConfig.defaults()}
        for key, value in settings.items():
            if value is None:
                continue
            for section, default in known.items():
                if key in default:
                    sections[section][key] = _python(value)
                    break
            else:
                everything = [*known["network"], *known["training"]]
                raise self._error(f"has no setting {key!r}; {nearest(key, everything)}", "unknown_setting")
        sweep = {key: values for key, values in self.sweep.items() if settings.get(key) is None}
        return dataclasses.replace(self, **sections, sweep=sweep)

    @property
    def data_settings(self) -> dict[str, Any]:
        """``name``, ``split`` and ``split_seed`` of the digits, with defaults filled in."""
        return {**DATA, **self.data}

    def load_splits(self, *, offline: bool = False, notify: Callable[[str], None] = say) -> Splits:
        """Load and split the digits.

        Parameters
        ----------
        offline
            Download nothing.
        notify
            Receives a sentence where other digits or another split than the recipe's are used.

        Raises
        ------
        ByhandError
            If the digits cannot be loaded or split.
        """
        return self.split(load_dataset(self.data_settings["name"], offline=offline, notify=notify), notify)

    def split(self, dataset: Dataset, notify: Callable[[str], None] = say) -> Splits:
        """Split digits as the recipe asks, or by default where there are too few and the split is the recipe's own."""
        seed, sizes = self.data_settings["split_seed"], self.data_settings["split"] or None
        try:
            return split(dataset, seed, sizes)
        except ByhandError as problem:
            if problem.code != "data.split_too_large" or self.split_required:
                raise
        default = split(dataset, seed)
        notify(
            f"the recipe {self.name!r} asks for a split of {sizes}, which {default.name} is too small for; "
            f"using {'/'.join(map(str, default.sizes))}."
        )
        return default

    def variants(self) -> list[tuple[dict[str, Any], Recipe]]:
        """List every combination of the sweep: its settings, and the recipe with them, named after them.

        Without a sweep, only the recipe.
        """
        variants = []
        for values in itertools.product(*self.sweep.values()):
            settings = dict(zip(self.sweep, values, strict=True))
            name = "_".join([self.name, *(f"{key}={_for_filename(value)}" for key, value in settings.items())])
            variants.append((settings, dataclasses.replace(self, name=name, sweep={}).with_settings(**settings)))
        return variants

    def with_data(self, **data: Any) -> Recipe:
        """Copy the recipe with other data: ``name``, ``split``, ``split_seed``; ``None`` changes nothing.

        A ``split`` given here must fit the digits.
        """
        given = {key: value for key, value in data.items() if value is not None}
        required = self.split_required or bool(given.get("split"))
        return dataclasses.replace(self, data={**self.data, **given}, split_required=required)

    def spec(self, train: Digits) -> Spec:
        """Build the network's spec; only ``min_variance`` depends on the training split.

        Raises
        ------
        ByhandError
            If the layers do not fit together, or no pixel is left.
        """
        if "min_variance" in self.network:
            return self._spec({"pixels": varying_pixels(train.images, float(self.network["min_variance"]))})
        return self._spec({})

    def _spec(self, pixels: Mapping[str, Any]) -> Spec:
        settings = {key: value for key, value in self.network.items() if key not in ("name", "min_variance")}
        if "layers" not in settings:
            if self.config.nondigits:
                raise self._error(
                    f"trains on non-digits, and {self.network['name']!r} has no class for them; write the network as "
                    "layers that end with 11 logits, or leave out nondigits",
                    "invalid_network",
                )
            return zoo.network(self.network["name"], **{**settings, **pixels})
        spec = Spec.from_dict(settings)
        # Non-digits are an eleventh class.
        classes = CLASSES + (self.config.nondigits > 0)
        if (spec.input_shape, spec.classes) != (SHAPE, classes):
            raise self._error(
                f"has a network from images {spec.input_shape} to {spec.classes} logits; expected {SHAPE} to {classes} "
                f"for {'digits and non-digits' if self.config.nondigits else 'digits'}",
                "invalid_network",
            )
        return spec

    def to_toml(self) -> str:
        """The recipe as the text of its file."""
        comment = "".join(f"# {line}".rstrip() + "\n" for line in self.description.splitlines())
        sections = {"name": self.name} | {part: dict(getattr(self, part)) for part in SECTIONS if getattr(self, part)}
        return f"{comment}\n{tomli_w.dumps(sections)}" if comment else tomli_w.dumps(sections)


def _python(value: Any) -> Any:
    """Convert NumPy values, which TOML cannot hold."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return type(value)(_python(entry) for entry in value) if type(value) in (list, tuple) else value


def _for_filename(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text.replace("/", "-")


def varying_pixels(images: np.ndarray[Any, Any], least: float) -> tuple[int, ...]:
    """Indices of the pixels whose variance over the images, of values from 0 to 1, exceeds `least`."""
    rows = images.reshape(len(images), -1)
    # var = mean(x^2) - mean(x)^2, exact in integers but for the last division.
    total = rows.sum(axis=0, dtype=np.int64)
    squares = np.zeros_like(total)
    for start in range(0, len(rows), 4096):
        squares += np.square(rows[start : start + 4096], dtype=np.int64).sum(axis=0)
    variance = (squares / len(rows) - (total / len(rows)) ** 2) / 255**2
    kept = tuple(int(pixel) for pixel in np.flatnonzero(variance > least))
    if not kept:
        raise ByhandError(
            f"No pixel's variance exceeds min_variance = {least}; choose a smaller one.", code="recipe.no_pixels"
        )
    return kept


def shipped() -> tuple[str, ...]:
    """Names of the recipes that ship with byhand."""
    files = resources.files("byhand") / "recipes"
    return tuple(sorted(file.name.removesuffix(".toml") for file in files.iterdir() if file.name.endswith(".toml")))


def load_recipe(name: str | Path) -> Recipe:
    """Load a shipped recipe by its name, or your own by its path.

    Raises
    ------
    ByhandError
        If there is no such recipe, or the file is not a recipe.
    """
    return parse_recipe(recipe_text(name), str(name) if str(name) in shipped() else Path(name).stem)


def recipe_text(name: str | Path) -> str:
    """Read the text of a recipe, with its comments.

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
            f"There is no recipe {str(name)!r}; {nearest(str(name), shipped())}, or name a file ending in .toml.",
            code="recipe.not_found",
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise ByhandError(
            f"The recipe {path} cannot be read ({reason}); check its name.", code="recipe.unreadable"
        ) from problem


def parse_recipe(text: str, name: str) -> Recipe:
    """Parse a recipe.

    Raises
    ------
    ByhandError
        If the text is not TOML, or a section or setting is unknown.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ByhandError(
            f"The recipe {name!r} is not valid TOML ({problem}); correct it there.", code="recipe.invalid_toml"
        ) from problem
    name = str(content.pop("name", name))
    for section, values in content.items():
        if section not in SECTIONS:
            raise ByhandError(
                f"The recipe {name!r} has no section {section!r}; {nearest(section, SECTIONS)}.",
                code="recipe.unknown_section",
            )
        if not isinstance(values, dict):
            raise ByhandError(
                f"The recipe {name!r} sets {section} = {values!r}; write it as a section, [{section}].",
                code="recipe.invalid_section",
            )
    comment = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("#").strip())
    return Recipe(name, "\n".join(comment), **content)
