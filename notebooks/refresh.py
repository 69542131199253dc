"""Run the notebooks of this folder and store their outputs: `python notebooks/refresh.py [NOTEBOOK...]`.

The stored outputs are those of MNIST (`BYHAND_DATA`, or the cache). Except for measured times they are reproducible:
they contain no date, path or machine name. Figures are stored with 256 colors, which reduces them to a third.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

from byhand.data import load_digits

FOLDER = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(path: Path) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom in a new kernel and return it with its outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", record_timing=False, resources={"metadata": {"path": path.parent}}
    )
    client.execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = reduced(output.data["image/png"])
    return notebook


def reduced(encoded: str) -> str:
    """Reduce a PNG image in base64 to 256 colors, deterministically."""
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        few = picture.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, format="PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


if __name__ == "__main__":
    if (found := load_digits("auto").name) != "mnist":
        sys.exit(f"The stored outputs need MNIST, but the digits found are {found}; set BYHAND_DATA to MNIST.")
    for given in map(Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
        nbformat.write(executed(given), given)
        print(f"{given.name}: {given.stat().st_size / 1000:.0f} kB")
