"""All figures of one picture in one network: which there are, what they show, and the page they stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from byhand.hands.base import Array, Network
from byhand.models.layers import Conv2d, Recurrent
from byhand.viz.inside.arrays import dense_on_pixels
from byhand.viz.inside.attribution import filters, units
from byhand.viz.inside.embedding import landscape
from byhand.viz.inside.feature_maps import feature_maps
from byhand.viz.inside.prediction import answer
from byhand.viz.inside.row_by_row import gates, rows
from byhand.viz.inside.saliency import evidence
from byhand.viz.page import Page

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class View:
    """One figure and what is said about it.

    Attributes
    ----------
    name
        Of its files.
    heading, text
        What stands above it on the page.
    figure
        The figure.
    """

    name: str
    heading: str
    text: str
    figure: Figure


TEXTS = {
    "answer": (
        "The answer",
        ("The picture as the network is given it, 28x28 grey levels, and the probability it gives to every digit."),
    ),
    "layers": (
        "Layer by layer",
        (
            "What every layer makes of the picture, from the pixels down to the ten logits. A convolution's maps "
            "are tiles, one for each channel; a recurrent layer's states are a heat map, one line for each row it "
            "has read; the values of a dense layer are a strip. Blue is below zero, vermilion above; every layer "
            "has a scale of its own, and the largest value stands beside it."
        ),
    ),
    "filters": (
        "The first filters",
        (
            "The kernels that the first convolution slides over the picture. Where one is vermilion it asks for "
            "ink, where it is blue it asks for paper; beside each other they find an edge."
        ),
    ),
    "units": (
        "What the units look for",
        (
            "The weights of the lowest dense layer, each on its pixel. A unit is excited by ink where it is "
            "vermilion and held back by ink where it is blue; grey pixels do not reach it. At the edges, where no "
            "digit has ink, the weights are still about as they were drawn at random."
        ),
    ),
    "rows": (
        "Row by row",
        (
            "The network reads the picture from top to bottom, one row at a time. Beside each row stand the state "
            "that it holds after it, one column for each unit, and what it would answer if the picture ended "
            "there; a dot marks the likeliest digit. Units stand in the order in which they move."
        ),
    ),
    "gates": (
        "Gates",
        (
            "Inside the recurrent layers: a gate lets through, from 0, shut, to 1, open, what is written to the "
            "state, kept of it, or shown of it. The first rows hold no ink, so that the gates rest; they part "
            "where the ink begins."
        ),
    ),
    "evidence": (
        "What the answer rests on",
        (
            "Saliency is the slope of the answer's logit at every pixel: what a little more ink there would do. "
            "It is found by the same backward pass that trains the network, carried on to the pixels, and it is "
            "rough, because it holds for small changes alone. Occlusion makes a large one: it paints a square "
            "over and looks how much of its lead the answer loses."
        ),
    ),
    "map": (
        "Among other digits",
        (
            "Each mark is a digit of the test set where the last hidden layer puts it; the ring is the picture above. "
            "What lies apart here is apart to the network. What lies together need not be: a plane shows two "
            "directions of many, and t-SNE, which bends them all into one plane, keeps no distances."
        ),
    ),
}
"""For each figure its heading and the words above it."""


def views(
    network: Network,
    image: Array,
    label: int | None = None,
    others: tuple[Array, Array] | None = None,
    method: str = "pca",
) -> Iterator[View]:
    """Draw every figure that a network has, one after the other.

    Parameters
    ----------
    network
        Of any hand.
    image
        uint8 ``(28, 28)``.
    label
        The digit that it is, where that is known.
    others
        Images ``(N, 28, 28)`` and labels ``(N,)`` of the digits on the map; without them there is none.
    method
        Of the map, as in `byhand.viz.inside.landscape`.

    Raises
    ------
    ByhandError
        If the picture is of another shape than the network reads, or the map cannot be made.
    """
    layers = network.spec.layers
    cells = {layer.cell for layer in layers if isinstance(layer, Recurrent)}
    answers_by_row = bool(cells) and not [layer for layer in layers if isinstance(layer, Recurrent)][-1].every
    drawn: dict[str, Callable[[], Figure]] = {
        "answer": lambda: answer(network, image, label),
        "layers": lambda: feature_maps(network, image),
    }
    if any(isinstance(layer, Conv2d) for layer in layers):
        drawn["filters"] = lambda: filters(network)
    if dense_on_pixels(network) is not None:
        drawn["units"] = lambda: units(network, image)
    if answers_by_row:
        drawn["rows"] = lambda: rows(network, image)
    if cells - {"elman"}:
        drawn["gates"] = lambda: gates(network, image)
    drawn["evidence"] = lambda: evidence(network, image)
    if others is not None:
        drawn["map"] = lambda: landscape(network, *others, image, method)
    for name, draw in drawn.items():
        yield View(name, *TEXTS[name], draw())


def page(title: str, lead: str, shown: list[View]) -> Page:
    """Put figures on one page, in their order.

    Parameters
    ----------
    title, lead
        What stands at its head.
    shown
        The figures.
    """
    made = Page(title, lead)
    for view in shown:
        # Figures of pixels keep their white paper.
        made.section(view.heading, view.text).figure(view.figure, str(view.figure.get_label()), dark=False)
    return made
