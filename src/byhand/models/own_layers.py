"""Layers that are defined outside byhand: files of them are imported on demand, and a run records which it needs.

Nothing that is read executes code: a run names the files of its layers, and whoever loads it passes them again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from byhand.errors import ByhandError
from byhand.models.layers import Layer
from byhand.models.spec import Spec

KEY = "imports"
"""Where a run's environment records the files of its layers: their paths and SHA-256."""

_imported: dict[Path, str] = {}


def import_file(path: str | Path) -> None:
    """Run a Python file that defines layers; once, however often it is named.

    Its folder is added to the end of ``sys.path``, so that it can import its neighbors, and other processes can import
    it by its name.

    Raises
    ------
    ByhandError
        ``import.not_found``, ``import.invalid_name`` if no module can have the file's name or another one has it, or
        ``import.failed``.
    """
    path = Path(path).resolve()
    if path in _imported:
        return
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ByhandError(
            f"{path} cannot be read ({problem.strerror}); expected a Python file of layers.", code="import.not_found"
        ) from problem
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise ByhandError(
            f"{path} is not a Python module; expected a file such as my_layers.py.", code="import.invalid_name"
        )
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    found = None if path.stem in sys.modules else importlib.util.find_spec(path.stem)
    if found is None or found.loader is None or found.origin is None or Path(found.origin).resolve() != path:
        raise ByhandError(
            f"{path} has the name of another Python module, {path.stem}; rename the file.", code="import.invalid_name"
        )
    module = sys.modules[path.stem] = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except Exception as problem:
        del sys.modules[path.stem]
        if isinstance(problem, ByhandError):
            raise
        reason = (str(problem).strip().splitlines() or [""])[0].rstrip(".")
        raise ByhandError(
            f"{path} cannot be imported ({type(problem).__name__}: {reason}); correct it there.", code="import.failed"
        ) from problem
    _imported[path] = hashlib.sha256(content).hexdigest()


def needed(spec: Spec) -> dict[str, dict[str, str]]:
    """The files that a network's layers need, for its run's environment; empty if all layers are byhand's own.

    Returns
    -------
    dict
        ``{"imports": {path: SHA-256}}``: the files that `import_file` was called with, or else the modules that define
        the layers.
    """
    outside = {type(layer).__module__ for layer in _flat(spec.layers) if not _is_ours(type(layer))}
    if not outside:
        return {}
    if _imported:
        return {KEY: {str(path): digest for path, digest in _imported.items()}}
    files = {Path(file).resolve() for name in outside if (file := getattr(sys.modules[name], "__file__", None))}
    return {KEY: {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}}


def missing(what: str, environment: Mapping[str, Any], problem: ByhandError) -> ByhandError:
    """The error for a run one of whose layers is unknown: it names the files to import, if the run recorded any."""
    files = environment.get(KEY)
    if problem.code != "spec.unknown_layer" or not isinstance(files, dict) or not files:
        return problem
    flags = " ".join(f"--import {path}" for path in files)
    return ByhandError(
        f"{what} has layers that byhand does not define, and runs no code by itself; add {flags}.",
        code="run.needs_import",
    )


def changed(what: str, environment: Mapping[str, Any]) -> Iterable[str]:
    """A sentence for each imported file that is no longer as it was when a run was trained."""
    recorded = environment.get(KEY)
    for path, digest in _imported.items():
        if isinstance(recorded, dict) and digest not in recorded.values():
            yield f"{path} has changed since {what} was trained, or is another file; its results may differ."


def _is_ours(kind: type[Layer]) -> bool:
    return kind.__module__.split(".")[0] == "byhand"


def _flat(layers: Iterable[Any]) -> Iterable[Layer]:
    """The layers, and those inside of others."""
    for layer in layers:
        yield layer
        yield from _flat(getattr(layer, "layers", ()))
