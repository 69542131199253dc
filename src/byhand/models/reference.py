"""The page of all layers and networks with their settings, written from the code: ``docs/layers.md``.

``python -m byhand.models.reference > docs/layers.md`` writes it again after a change; a test compares them.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from byhand.errors import ByhandError
from byhand.models import zoo
from byhand.models.layers import LAYERS, Container, Layer
from byhand.models.spec import INITS, LOSSES

HEAD = """\
# Layers and networks

A recipe's `[network]` is the name of a network with its settings, or a list of layers with theirs. Tables, figures and
recipes call a layer by the same name. Settings with a default may be left out.

```toml
[network]
layers = [
    { kind = "Standardize" },
    { kind = "Flatten" },
    { kind = "Linear", units = 128 },
    { kind = "ReLU" },
    { kind = "Linear", units = 10 },
]
```

The first layer is `Standardize`, and the last one gives ten logits. `byhand show my-recipe.toml` shows the shapes that
follow, and `byhand prove my-recipe.toml` proves that the gradients are right. [adding-a-layer.md](adding-a-layer.md)
shows how to add your own. This page is written by `python -m byhand.models.reference > docs/layers.md`.
"""

_LOSSES, _INITS = (", ".join(f"`{name}`" for name in names) for names in (LOSSES, INITS))

NETWORK = f"""\
A network takes these settings too: `mean` and `std` of `Standardize`; `loss` ({_LOSSES});
`init` ({_INITS};
by default `he_normal` with ReLU and `glorot_uniform` without); and `smoothing`, the fraction of each target that is
spread over the classes. A list of layers takes `loss`, `init` and `smoothing`. `softmax` and `mlp` also take
`min_variance`, which leaves out pixels that hardly vary.
"""

REQUIRED = object()
"""In place of a default that a layer refuses."""


def reference() -> str:
    """Return the text of the page."""
    kinds = [kind for _, kind in sorted(LAYERS.items()) if kind.__module__.split(".")[0] == "byhand"]
    parts = [HEAD, "## Layers", *(_layer(kind) for kind in kinds), "## Networks", NETWORK]
    return "\n\n".join([part.strip() for part in parts] + [_network(name) for name in zoo.NETWORKS]) + "\n"


def _layer(kind: type[Layer]) -> str:
    default = {item.name: item.default for item in dataclasses.fields(kind)}
    default |= dict.fromkeys(_required(kind, default), REQUIRED)
    return _section(kind.kind, inspect.getdoc(kind) or "", default)


def _required(kind: type[Layer], default: Mapping[str, Any]) -> list[str]:
    """The settings whose default the layer refuses."""
    if issubclass(kind, Container):
        return ["layers"]
    sizes = {name: 1 for name, value in default.items() if type(value) is int and not value}
    required = []
    for name in sizes:
        try:
            kind(**{**sizes, name: 0})
        except ByhandError:
            required.append(name)
    return required


def _network(name: str) -> str:
    function = zoo.NETWORKS[name]
    default = {key: one.default for key, one in inspect.signature(function).parameters.items()}
    return _section(name, inspect.getdoc(function) or "", default)


def _section(name: str, text: str, default: Mapping[str, Any]) -> str:
    parts = [f"### {name}", _markdown(text.splitlines())]
    if default:
        rows = [f"| `{key}` | {_shown(value)} |" for key, value in default.items()]
        parts.append("\n".join(["| setting | default |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def _markdown(lines: Iterable[str]) -> str:
    """Code between single backticks, and a list for the terms that a docstring defines."""
    text = "\n".join(lines).replace("``", "`")
    made: list[str] = []
    for line in text.splitlines():
        indented = line.startswith("    ")
        if indented and made and not made[-1].startswith((" ", "- ")) and made[-1]:
            made[-1] = f"- {made[-1]}"
        made.append(f"  {line.strip()}" if indented else line)
    return "\n".join(made)


def _shown(value: Any) -> str:
    if value is REQUIRED:
        return "required"
    if isinstance(value, bool):
        return f"`{value}`".lower()
    text = f'"{value}"' if isinstance(value, str) else list(value) if isinstance(value, tuple) else value
    return f"`{text}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
