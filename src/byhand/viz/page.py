"""One HTML page in one file: text, tables and figures, with nothing to load.

The page opens from a disk, follows the reader's choice of light or dark, fits a phone, prints, and works with a screen
reader. Its security policy lets it load nothing. The same content gives the same bytes.

::

    page = Page("softmax in the numpy hand", "Trained on mnist.")
    page.section("Learning", "The loss of the `validation` digits falls, too.")
    page.figure(drawn, "Two falling curves.", "Loss by epoch.")
    page.table(("digit", "precision"), [("0", "98.1 %")], align="lr")
    page.write(Path("report.html"))
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from byhand.io import write_text
from byhand.viz import style

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PIXELS = 96
"""CSS pixels in an inch."""
SMALLEST = 0.6
"""How far a figure shrinks on a narrow screen before it scrolls instead, so that its text stays legible."""
CONTENTS = 4
"""A page of at least so many sections begins with a table of contents."""


@dataclass(frozen=True)
class Link:
    """A table cell that links to another file (``"runs/mlp/report.html"``) or to the web."""

    text: str
    target: str


Cell = str | int | Link
Row = Sequence[Cell]


class Page:
    """A page that is written from top to bottom; every method returns the page.

    Text is text, not HTML: it is shown as it is, except for `` `code` `` between backticks.

    Parameters
    ----------
    title
        The heading, and the title of the browser tab.
    lead
        The paragraph under the heading.
    """

    def __init__(self, title: str, lead: str = "") -> None:
        self.title, self.lead = title, lead
        self._parts: list[str] = []
        self._sections: list[str] = []
        self._figures = 0

    def section(self, heading: str, text: str = "", *, level: int = 2) -> Page:
        """Begin a section, or with level 3 a subsection; blank lines in the text separate paragraphs."""
        anchor = ""
        if level == 2:
            self._sections.append(heading)
            anchor = f' id="section-{len(self._sections)}"'
        self._parts.append(f"<h{level}{anchor}>{_text(heading)}</h{level}>")
        return self.text(text)

    def text(self, text: str) -> Page:
        """Add paragraphs, separated by blank lines."""
        self._parts += [f"<p>{_text(paragraph)}</p>" for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]
        return self

    def facts(self, facts: Iterable[tuple[str, str]]) -> Page:
        """Add a row of key figures, each with its name."""
        shown = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in facts)
        self._parts.append(f'<dl class="facts">{shown}</dl>')
        return self

    def figure(self, figure: style.Figure, alt: str, caption: str = "", *, dark: bool = True) -> Page:
        """Add a Matplotlib figure as SVG.

        Parameters
        ----------
        figure
            Drawn in the look of `byhand.viz.style`.
        alt
            What it shows, for screen readers.
        caption
            The text under it.
        dark
            Whether it turns dark with the page. A figure of pixels stays on white paper.
        """
        self._figures += 1
        width = round(figure.get_figwidth() * PIXELS)
        named = html.escape(alt)
        drawing = _svg(figure, f"figure-{self._figures}-").replace("<svg ", f'<svg role="img" aria-label="{named}" ', 1)
        under = f"<figcaption>{_text(caption)}</figcaption>" if caption else ""
        self._parts.append(
            f'<figure><div class="frame{"" if dark else " paper"}" tabindex="0" role="region" aria-label="{named}">'
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
            The rows of the body, and those of the footer, such as totals.
        align
            A letter for each column, ``l``, ``c`` or ``r``; by default all ``l``.
        caption
            The text above it.

        Raises
        ------
        ValueError
            If a row or `align` has another length than the header, or another letter.
        """
        align = align or "l" * len(header)
        if len(align) != len(header) or set(align) - set("lcr"):
            raise ValueError(f"{align!r} does not align {len(header)} columns")
        heads = "".join(
            f'<th scope="col" class="{side}">{_text(name)}</th>' for name, side in zip(header, align, strict=True)
        )
        parts = [f"<caption>{_text(caption)}</caption>" if caption else "", f"<thead><tr>{heads}</tr></thead>"]
        parts.append(f"<tbody>{_rows(rows, align)}</tbody>")
        if last := _rows(foot, align):
            parts.append(f"<tfoot>{last}</tfoot>")
        named = html.escape(caption or ", ".join(header))
        # A table wider than the screen scrolls in its own frame, which the keyboard must reach.
        self._parts.append(
            f'<div class="table" tabindex="0" role="region" aria-label="{named}"><table>{"".join(parts)}</table></div>'
        )
        return self

    def pre(self, text: str, label: str = "text") -> Page:
        """Add preformatted text; `label` names it for screen readers."""
        self._parts.append(
            f'<pre tabindex="0" role="region" aria-label="{html.escape(label)}">{html.escape(text)}</pre>'
        )
        return self

    def html(self) -> str:
        """Return the page as text."""
        sheet = resources.files("byhand.viz").joinpath("page.css").read_text(encoding="utf-8")
        lead = f'<p class="lead">{_text(self.lead)}</p>' if self.lead else ""
        body = "\n".join(self._parts)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f"<title>{html.escape(self.title)}</title>\n<style>\n{sheet}</style>\n</head>\n<body>\n<main>\n"
            f"<header><h1>{_text(self.title)}</h1>{lead}</header>\n{self._contents()}{body}\n</main>\n</body>\n</html>\n"
        )

    def write(self, path: Path) -> Path:
        """Write the page atomically, and return its path.

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
            f'<li><a href="#section-{number}">{_text(heading)}</a></li>'
            for number, heading in enumerate(self._sections, start=1)
        )
        return f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'


def _text(text: str) -> str:
    """Escape text, and set text between backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))


def _svg(figure: style.Figure, prefix: str) -> str:
    """Write a figure as an ``<svg>`` element; `prefix` distinguishes its ids from those of other figures."""
    buffer = io.StringIO()
    with style.applied():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # The title would be a second label, and a style element would apply to the whole page.
    text = re.sub(r"<(metadata|title|style)\b.*?</\1>", "", text, flags=re.DOTALL)

    def prefixed(tag: re.Match[str]) -> str:
        return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}", tag[0])

    return re.sub(r"<[^>]+>", prefixed, text)


def _rows(rows: Iterable[Row], align: str) -> str:
    written = []
    for row in rows:
        if len(row) != len(align):
            raise ValueError(f"a row has {len(row)} cells and the table {len(align)} columns: {row}")
        cells = [f'<th scope="row" class="{align[0]}">{_cell(row[0])}</th>']
        cells += [f'<td class="{side}">{_cell(cell)}</td>' for side, cell in zip(align[1:], row[1:], strict=True)]
        written.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join(written)


def _cell(cell: Cell) -> str:
    if isinstance(cell, Link):
        return f'<a href="{html.escape(cell.target)}">{_text(cell.text)}</a>'
    return _text(cell if isinstance(cell, str) else f"{cell:,}")
