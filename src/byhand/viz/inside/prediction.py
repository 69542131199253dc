"""The figures of a prediction: how probable each digit is, and which pixels the prediction rests on."""

from __future__ import annotations

from typing import Any

import numpy as np

from byhand.hands.base import Array, Network
from byhand.viz import style
from byhand.viz.inside import panels
from byhand.viz.inside.arrays import COVER, lead, occlusion, saliency
from byhand.viz.style import class_name, percent

SIDE, BARS, MAP = 3.2, 5.6, 3.7
"""Inches: an image, the bars beside it, and each image of `evidence`."""


def answer(network: Network, image: Array, label: int | None = None) -> style.Figure:
    """Draw an image beside the probabilities of the classes.

    Parameters
    ----------
    network
        A network of any hand.
    image
        uint8 ``(28, 28)``.
    label
        The true digit, if known.

    Raises
    ------
    ByhandError
        If the image has another shape than the network reads.
    """
    (image,), likely = panels.predict(network, image)
    best = int(likely.argmax())
    with style.applied():
        width = 2 * panels.MARGIN + SIDE + 3 * panels.GAP + BARS
        note = f"with {percent(likely[best])} probability"
        if label is not None and label != best:
            note += f"; the digit is a {label}"
        title = f"Read as {class_name(best)}"
        figure = panels.sheet(width, 2 * panels.MARGIN + panels.HEADER + SIDE, title, note)
        top = panels.MARGIN + panels.HEADER
        panels.show_picture(panels.panel(figure, panels.MARGIN, top, SIDE, SIDE), image)
        axes = panels.panel(figure, panels.MARGIN + SIDE + 3 * panels.GAP, top, BARS, SIDE)
        axes.spines[:].set_visible(False)
        classes = range(len(likely))
        axes.barh(classes, likely, height=0.72, color=[style.BLUE if k == best else style.GREY for k in classes])
        for k in classes:
            look: dict[str, Any] = {"weight": "bold"} if k == best else {"color": style.MUTED}
            axes.text(likely[k] + 0.012, k, percent(likely[k]), size=style.SMALL, va="center_baseline", **look)
        axes.set_yticks(classes, [class_name(k) for k in classes], size=style.TEXT, color=style.INK)
        axes.tick_params(length=0)
        # Room for the text after the longest bar.
        axes.set(xlim=(0, 1.16), ylim=(len(likely) - 0.5, -0.5))
    return figure


def evidence(network: Network, image: Array) -> style.Figure:
    """Draw which pixels the prediction rests on, in two ways.

    Saliency is the gradient of the predicted logit: the effect of one more grey level of ink. Occlusion covers a square
    with paper and shows how much the lead over the next best class shrinks.

    Parameters
    ----------
    network
        A network of any hand.
    image
        uint8 ``(28, 28)``.

    Raises
    ------
    ByhandError
        If the image has another shape than the network reads.
    """
    images, likely = panels.predict(network, image)
    image = images[0]
    best = int(likely.argmax())
    gradient = saliency(network, images, np.array([best]))[0]
    lost = occlusion(network, images[0], best)
    ahead = float(lead(network.logits(images), best)[0])
    with style.applied():
        width = 2 * panels.MARGIN + 3 * MAP + 2 * panels.GAP
        top = panels.MARGIN + panels.HEADER + 0.3
        name = class_name(best)
        note = f"its logit leads by {ahead:.1f}"
        figure = panels.sheet(width, top + MAP + 0.75 + panels.MARGIN, f"Why {name}?", note)
        left = panels.MARGIN
        panels.show_picture(panels.panel(figure, left, top, MAP, MAP, "The image"), image)
        flips = "; some change the prediction" if (lost > ahead).any() else ""
        for title, values, ends, scale in (
            (
                "Saliency: a little more ink",
                gradient,
                ("less certain", "more certain"),
                f"up to {255 * panels.largest(gradient):.2g} logits from paper to ink",
            ),
            (
                f"Occlusion: {COVER}×{COVER} covered with paper",
                lost,
                ("lead grows", "lead shrinks"),
                f"by up to {panels.largest(lost):.2g} logits{flips}",
            ),
        ):
            left += MAP + panels.GAP
            axes = panels.panel(figure, left, top, MAP, MAP, title)
            drawn = panels.show_signed(axes, values)
            panels.outline(axes, image)
            panels.key(figure, left, top + MAP + 0.14, drawn, *ends, 1.2)
            panels.write(figure, left, top + MAP + 0.5, scale)
    return figure
