"""One HTML page in one file: words, tables and figures, nothing of which is asked for from anywhere.

The page opens from a disk, follows the reader's choice of light or dark, fits a phone, prints, and can be read aloud.
Its security policy lets it load nothing, not even by mistake. The same content gives the same bytes.

::

    page = Page("softmax in the numpy hand", "Trained on mnist.")
    page.section("Learning", "The loss of the `validation` digits falls, too.")
    page.figure(drawn, "Two curves that fall.", "Loss by epoch.")
    page.table(("digit", "precision"), [("0", "98.1 %")], align="lr")
    page.write(Path("report.html"))
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.io import write_text
from byhand.viz import style
from byhand.viz import svg as inline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PIXELS = 96
"""CSS pixels in an inch."""
SMALLEST = 0.6
"""How far a figure shrinks on a narrow screen before it is scrolled instead, so that its words can still be read."""
CONTENTS = 4
"""Sections from which on a page begins with a list of them."""


@dataclass(frozen=True)
class Link:
    """A word of a table that leads to another file beside the page (``"runs/mlp/report.html"``) or on the web."""

    text: str
    target: str


Cell = str | int | Link
Row = Sequence[Cell]


class Page:
    """A page that is written from top to bottom; every method gives the page again.

    Words are text, not HTML: what they contain is shown as it is, but for `` `code` `` between backticks.

    Parameters
    ----------
    title
        Its heading and the name of its tab.
    lead
        The paragraph under the heading.
    """

    def __init__(self, title: str, lead: str = "") -> None:
        self.title, self.lead = title, lead
        self._parts: list[str] = []
        self._sections: list[str] = []
        self._figures = 0
        self._colours: set[str] = set()

    def section(self, heading: str, text: str = "", *, level: int = 2) -> Page:
        """Begin a section, or with a level of 3 a part of one; a blank line in the text begins a paragraph."""
        place = ""
        if level == 2:
            self._sections.append(heading)
            place = f' id="section-{len(self._sections)}"'
        self._parts.append(f"<h{level}{place}>{_words(heading)}</h{level}>")
        return self.text(text)

    def text(self, text: str) -> Page:
        """Add paragraphs, with blank lines between them."""
        self._parts += [f"<p>{_words(paragraph)}</p>" for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]
        return self

    def facts(self, facts: Iterable[tuple[str, str]]) -> Page:
        """Add a row of the numbers that matter most, each with its name."""
        shown = "".join(f"<div><dt>{_words(name)}</dt><dd>{_words(value)}</dd></div>" for name, value in facts)
        self._parts.append(f'<dl class="facts">{shown}</dl>')
        return self

    def figure(
        self, figure: Figure, alt: str, caption: str = "", *, picture: str = "svg", follows: bool = True
    ) -> Page:
        """Add a Matplotlib figure.

        Parameters
        ----------
        figure
            Drawn in the look of `byhand.viz.style`.
        alt
            What it shows, for those who do not see it.
        caption
            What stands under it.
        picture
            ``"svg"``; or ``"png"`` for one of thousands of marks, which takes less room as pixels.
        follows
            Whether an SVG turns dark with the page. Pixels do not, so say no where words lie on a picture of pixels.

        Raises
        ------
        ValueError
            If `picture` is neither.
        """
        width = round(figure.get_figwidth() * PIXELS)
        if picture == "svg":
            self._figures += 1
            drawing = inline.svg(figure, alt, f"figure-{self._figures}-", self._colours if follows else None)
        elif picture == "png":
            buffer = io.BytesIO()
            with style.applied(), style.any_script():
                figure.savefig(buffer, format="png", metadata={"Software": None})
            drawing, follows = _img(buffer.getvalue(), alt), False
        else:
            raise ValueError(f"a figure becomes svg or png, not {picture!r}")
        under = f"<figcaption>{_words(caption)}</figcaption>" if caption else ""
        self._parts.append(
            f'<figure><div class="frame{"" if follows else " paper"}" tabindex="0" role="region" '
            f'aria-label="{html.escape(alt)}">'
            f'<div class="drawing" style="max-width:{width}px;min-width:{round(SMALLEST * width)}px">'
            f"{drawing}</div></div>{under}</figure>"
        )
        return self

    def table(
        self,
        header: Sequence[str],
        rows: Iterable[Row],
        *,
        align: str = "",
        caption: str = "",
        foot: Iterable[Row] = (),
    ) -> Page:
        """Add a table; the first cell of a row is its heading.

        Parameters
        ----------
        header
            Names of the columns.
        rows, foot
            Cells, and those of a last part that is set apart, such as totals.
        align
            A letter for each column, ``l``, ``c`` or ``r``; by default all ``l``.
        caption
            What stands above it.

        Raises
        ------
        ValueError
            If a row or `align` has another length than the header, or another letter.
        """
        align = align or "l" * len(header)
        if len(align) != len(header) or set(align) - set("lcr"):
            raise ValueError(f"{len(header)} columns are aligned by {align!r}")
        heads = "".join(
            f'<th scope="col" class="{side}">{_words(name)}</th>' for name, side in zip(header, align, strict=True)
        )
        parts = [f"<caption>{_words(caption)}</caption>" if caption else "", f"<thead><tr>{heads}</tr></thead>"]
        parts.append(f"<tbody>{_rows(rows, align)}</tbody>")
        if last := _rows(foot, align):
            parts.append(f"<tfoot>{last}</tfoot>")
        named = html.escape(caption or ", ".join(header))
        # What is wider than the screen scrolls in a frame of its own, which the keyboard must reach.
        self._parts.append(
            f'<div class="table" tabindex="0" role="region" aria-label="{named}"><table>{"".join(parts)}</table></div>'
        )
        return self

    def pre(self, text: str, label: str = "") -> Page:
        """Add text whose spaces and line ends count; `label` names it for those who do not see it."""
        named = html.escape(label or "text")
        self._parts.append(f'<pre tabindex="0" role="region" aria-label="{named}">{html.escape(text)}</pre>')
        return self

    def html(self) -> str:
        """Give the page as text."""
        sheet = resources.files("byhand.viz").joinpath("page.css").read_text(encoding="utf-8")
        lead = f'<p class="lead">{_words(self.lead)}</p>' if self.lead else ""
        body = "\n".join(self._parts)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f"<title>{html.escape(self.title)}</title>\n"
            f"<style>\n{sheet}{inline.sheet(self._colours)}</style>\n</head>\n<body>\n<main>\n"
            f"<header><h1>{_words(self.title)}</h1>{lead}</header>\n{self._contents()}{body}\n</main>\n</body>\n</html>\n"
        )

    def write(self, path: Path) -> Path:
        """Write the page in one step, and give its path.

        Raises
        ------
        ByhandError
            If the file cannot be written.
        """
        write_text(path, self.html())
        return path

    def _contents(self) -> str:
        if len(self._sections) < CONTENTS:
            return ""
        links = "".join(
            f'<li><a href="#section-{place}">{_words(heading)}</a></li>'
            for place, heading in enumerate(self._sections, start=1)
        )
        return f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'


def _words(text: str) -> str:
    """Escape text, and set what stands between backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))


def _img(png: bytes, alt: str) -> str:
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="{html.escape(alt)}">'


def _rows(rows: Iterable[Row], align: str) -> str:
    written = []
    for row in rows:
        if len(row) != len(align):
            raise ValueError(f"a row of {len(row)} cells stands in a table of {len(align)} columns: {row}")
        cells = [f'<th scope="row" class="{align[0]}">{_cell(row[0])}</th>']
        cells += [f'<td class="{side}">{_cell(cell)}</td>' for side, cell in zip(align[1:], row[1:], strict=True)]
        written.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join(written)


def _cell(cell: Cell) -> str:
    if isinstance(cell, Link):
        return f'<a href="{html.escape(cell.target)}">{_words(cell.text)}</a>'
    return _words(cell if isinstance(cell, str) else f"{cell:,}")
