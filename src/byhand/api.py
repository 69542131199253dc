"""The public Python functions of ``import byhand``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byhand import verify as proof
from byhand import weights
from byhand.data import Splits, load_dataset, load_digits
from byhand.data.cache import IN_MEMORY
from byhand.data.loading import Given
from byhand.errors import ByhandError
from byhand.hands import Network
from byhand.models.spec import Spec
from byhand.training.recipe import Recipe, load_recipe
from byhand.training.run import Run
from byhand.training.trainer import start
from byhand.viz.console import displaying
from byhand.viz.proof import ProofTable
from byhand.weights import load_run

__all__ = ["load_digits", "load_network", "load_run", "prove", "train"]


def train(
    recipe: str | Path | Recipe,
    *,
    data: str | Path | Given | Splits | None = None,
    split: str | None = None,
    name: str | None = None,
    runs: str | Path = "runs",
    offline: bool = False,
    show: bool = True,
    report: bool = True,
    tensorboard: bool = False,
    force: bool = False,
    **settings: Any,
) -> Run:
    """Train a network.

    Parameters
    ----------
    recipe
        A shipped recipe's name (``"mlp"``), the path of your own, or a `Recipe`.
    data, split
        Digits to use, ``(images, labels)`` among them, and how to split them, as in `load_digits`, or what that
        returned; by default the recipe's. Arrays are not stored with the run.
    name, runs
        The run's name and the folder of all runs.
    offline
        Download nothing.
    show
        Print the parameter table and a line per epoch.
    report
        Write ``report.html`` into the run's folder.
    tensorboard
        Write events for TensorBoard into it.
    force
        Replace the run of that name when the new one is done.
    settings
        Any setting of the recipe: ``hand="torch"``, ``epochs=3``, ``hidden=[512, 256]``, ``lr=0.01``.

    Returns
    -------
    Run
        With ``accuracy``, ``network``, ``results``, ``log`` and ``path``.

    Raises
    ------
    ByhandError
        If a setting is unknown, the data cannot be loaded, or the loss is not finite.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    in_memory = data is not None and not isinstance(data, str | Path)
    source = IN_MEMORY if in_memory else None if data is None else str(data)
    wanted = chosen.with_settings(**settings).with_data(name=source, split=split)
    if isinstance(data, Splits):
        if split is not None:
            raise ByhandError("The digits are split already; leave out split.", code="data.split_already")
        splits: Splits | None = data
    else:
        splits = wanted.load_splits(load_dataset(data)) if in_memory else None  # type: ignore[arg-type]
    with displaying(show, tensorboard) as callback:
        run = start(wanted, Path(runs), name, offline=offline, callback=callback, splits=splits, force=force)
    if report:
        from byhand.viz.run import report_run

        report_run(run)
    return run


def prove(
    network: str | Path | Recipe | Spec, *, entries: int = proof.ENTRIES, seed: int = 0, show: bool = True
) -> proof.Proof:
    """Prove a network: its gradients are right, all hands compute the same function, and it can learn.

    Parameters
    ----------
    network
        The name of a shipped recipe or of a network of the zoo, the path of your own recipe, a `Recipe`, or a `Spec`,
        whose layers may be your own.
    entries
        How many entries of each array are compared with central differences one by one; all entries are also compared
        together, along random directions.
    seed
        Seed of the weights, images and entries.
    show
        Print a line for every check, and for every failure one that names the layer and the parameter.

    Returns
    -------
    Proof
        With ``holds``, ``checks`` and ``failures``. Hands that need torch are skipped if it is not installed.

    Raises
    ------
    ByhandError
        If there is no such network, or a hand lacks one of its layers.
    """
    proven = proof.prove(network, entries=entries, seed=seed)
    if show:
        ProofTable().add(proven)
    return proven


def load_network(name: str, hand: str = "fast", *, device: str = "cpu") -> Network:
    """Build a network with the trained weights that ship with byhand.

    Parameters
    ----------
    name
        A network of the zoo, or ``"reader"``, which reads handwriting and whose eleventh logit means non-digits;
        `byhand.weights.names` lists them.
    hand
        ``"fast"``, ``"numpy"``, ``"tensor"`` or ``"torch"``.
    device
        A torch device; the NumPy hands only support ``"cpu"``.

    Returns
    -------
    Network
        A new, trained network.

    Raises
    ------
    ByhandError
        If there are no such weights, or the hand cannot be built.
    """
    return weights.load(name, hand, device=device)
