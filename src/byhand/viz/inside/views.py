"""All figures of one image in one network, and the page that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from byhand.hands.base import Array, Network
from byhand.models.layers import Conv2d, Recurrent
from byhand.viz import style
from byhand.viz.inside.arrays import attends, dense_on_pixels
from byhand.viz.inside.embedding import landscape
from byhand.viz.inside.feature_maps import feature_maps
from byhand.viz.inside.gallery import filters, units
from byhand.viz.inside.prediction import answer, evidence
from byhand.viz.inside.row_by_row import gates, rows
from byhand.viz.inside.token_by_token import attention
from byhand.viz.page import Page

TEXTS = {
    "answer": (
        "The prediction",
        ("The image as the network receives it, 28x28 grey levels, and the probability of each digit."),
    ),
    "layers": (
        "Layer by layer",
        (
            "What every layer computes from the image, from the pixels down to the logits. The maps of a "
            "convolution are tiles, one for each channel; the states of a recurrent layer are a heat map, one "
            "line for each row of the image; the values of a dense layer are a strip. Blue is above zero, "
            "vermilion below; every layer has its own scale, and the largest value is written next to it."
        ),
    ),
    "filters": (
        "Filters",
        (
            "The kernels that the first convolution slides over the image. A filter responds to ink where it is "
            "blue and to paper where it is vermilion; both side by side respond to an edge."
        ),
    ),
    "units": (
        "Weights of the units",
        (
            "The weights of the lowest dense layer, each on its pixel. Ink raises a unit where it is blue "
            "and lowers it where it is vermilion; grey pixels are not connected. At the borders, where digits have no "
            "ink, the weights are still close to their random initial values."
        ),
    ),
    "rows": (
        "Row by row",
        (
            "The network reads the image from top to bottom, one row at a time. Next to each row are the state "
            "after it, one column for each unit, and the prediction if the image ended there; a dot marks the "
            "most probable digit. Units are sorted by when they change."
        ),
    ),
    "gates": (
        "Gates",
        (
            "A gate controls, from 0 (closed) to 1 (open), what is written to the state, kept of it, or output. "
            "The first rows contain no ink, so the gates hardly change; they diverge where the ink begins."
        ),
    ),
    "attention": (
        "Attention",
        (
            "Each patch, or row, of the image receives values from all others, weighted by how well what they offer "
            "fits what it looks for. Every head looks for something else. The maps show what the framed patch looks "
            "at, each on its own scale; in the matrices below, a line is a patch that looks and a column one that is "
            "looked at. What the class rests on is put together from all layers: the weights, where a larger one "
            "raises the predicted logit."
        ),
    ),
    "evidence": (
        "What the prediction rests on",
        (
            "Saliency is the gradient of the predicted logit at every pixel: the effect of a little more ink "
            "there. It is found by the backward pass that trains the network, continued down to the pixels, and "
            "it is noisy, because it holds for small changes only. Occlusion makes a large change: it covers a "
            "square and measures how much of its lead the prediction loses."
        ),
    ),
    "map": (
        "Among other digits",
        (
            "Each digit of the test set is drawn where the last hidden layer places it; the ring marks the image "
            "above. Digits far apart on the map are far apart for the network; digits close on the map need not be: "
            "a plane shows two directions of many, and t-SNE preserves no distances."
        ),
    ),
}
"""Heading and text of each figure."""


def views(
    network: Network,
    image: Array,
    label: int | None = None,
    others: tuple[Array, Array] | None = None,
    method: str = "pca",
) -> Iterator[tuple[str, style.Figure]]:
    """Draw every figure that applies to a network, one after the other, each with its name in `TEXTS`.

    Parameters
    ----------
    network
        A network of any hand.
    image
        uint8 ``(28, 28)``.
    label
        The true digit, if known.
    others
        Images ``(N, 28, 28)`` and labels ``(N,)`` of the digits on the map; without them there is no map.
    method
        Method of the map, as in `byhand.viz.inside.landscape`.

    Raises
    ------
    ByhandError
        If the image has another shape than the network reads, or the map cannot be made.
    """
    layers = [entry.layer for entry in network.spec.entries]
    recurrent = [layer for layer in layers if isinstance(layer, Recurrent)]
    drawn: dict[str, Callable[[], style.Figure]] = {
        "answer": lambda: answer(network, image, label),
        "layers": lambda: feature_maps(network, image),
    }
    if any(isinstance(layer, Conv2d) for layer in layers):
        drawn["filters"] = lambda: filters(network)
    if dense_on_pixels(network) is not None:
        drawn["units"] = lambda: units(network, image)
    if recurrent and not recurrent[-1].every:
        drawn["rows"] = lambda: rows(network, image)
    if any(layer.cell != "elman" for layer in recurrent):
        drawn["gates"] = lambda: gates(network, image)
    if attends(network):
        drawn["attention"] = lambda: attention(network, image)
    drawn["evidence"] = lambda: evidence(network, image)
    if others is not None:
        drawn["map"] = lambda: landscape(network, *others, image, method)
    for name, draw in drawn.items():
        yield name, draw()


def page(title: str, lead: str, shown: Mapping[str, style.Figure]) -> Page:
    """Put figures on one page, in their order."""
    made = Page(title, lead)
    for name, figure in shown.items():
        # Figures of pixels keep their white paper.
        made.section(*TEXTS[name]).figure(figure, str(figure.get_label()), dark=False)
    return made
