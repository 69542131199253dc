"""Run the notebooks of this folder and store what they show: `python notebooks/refresh.py`, or with the names of some.

The outputs that are kept are those of MNIST (`BYHAND_DATA`, or the cache). Nothing is stored that another run on the
same machine would not show again, but for seconds that were measured: no time of day, no path, no name of a machine.
Figures are stored in 256 colours, which makes them a third as large.
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
    """Run a notebook from top to bottom in a kernel of its own, and give it with its outputs.

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
    for place, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{place:02d}"
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = smaller(output.data["image/png"])
    return notebook


def smaller(encoded: str) -> str:
    """Bring a picture, PNG in base64, to 256 colours; the same picture gives the same text."""
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        few = picture.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, format="PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


if __name__ == "__main__":
    if (found := load_digits("auto").name) != "mnist":
        sys.exit(f"The digits found are {found}, and the outputs to store are those of MNIST; name it by BYHAND_DATA.")
    for given in map(Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
        nbformat.write(executed(given), given)
        print(f"{given.name}: {given.stat().st_size / 1000:.0f} kB")
