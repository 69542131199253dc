"""The reader: a picture in, digits out. `Reader.read` is the whole pipeline, from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand import weights
from byhand.data.digits import CLASSES
from byhand.data.pixels import grey_levels
from byhand.errors import ByhandError, nearest
from byhand.metrics.losses import probabilities as from_logits
from byhand.reading.components import RULE, Box, Segment, bounding_box, find_components, typical_height
from byhand.reading.cuts import cut_lines
from byhand.reading.ink import find_ink
from byhand.reading.lattice import Candidate, best_path, best_single, line_candidates, single_candidates, within_limits
from byhand.reading.lines import find_lines
from byhand.reading.picture import open_picture
from byhand.reading.render import render
from byhand.reading.result import ReadDigit, Reading, UnreadInk
from byhand.reading.review import at_border, needs_review
from byhand.reading.unread import border_bars, grouped, not_chosen

Array = npt.NDArray[Any]

RUNTIMES = ("fast", "numpy", "onnx")
MIN_LINE = 0.7
"""Smallest height of a line relative to the picture's digits, used in the costs of a lower line."""
SPECK = 0.6
"""Size, relative to the picture's digits, below which a probable non-digit is ignored; a larger one is read and marked
unsure."""


class Reader:
    """Reads handwritten digits in pictures. One reader may be used from any number of threads.

    Parameters
    ----------
    runtime
        ``"fast"``, or ``"onnx"`` for ONNX Runtime if it is installed; both give the same results.

    Attributes
    ----------
    runtime
        What computes.
    threshold
        The confidence below which a digit is unsure.

    Raises
    ------
    ByhandError
        If the runtime is unknown or not installed.
    """

    def __init__(self, *, runtime: str = "fast") -> None:
        if runtime not in RUNTIMES:
            raise ByhandError(
                f"Unknown runtime {runtime!r}; {nearest(runtime, RUNTIMES)}.", code="reader.unknown_runtime"
            )
        self.runtime = runtime
        network, card = weights.load_with_card("reader", "numpy" if runtime == "numpy" else "fast")
        self.threshold = float(card["threshold"])
        # Logits are divided by it so that probabilities are calibrated (Guo et al. 2017).
        self._temperature = float(card["temperature"])
        self._logits: Callable[[Array], Array] = network.logits
        if runtime == "onnx":
            from byhand.export import Session, model

            self._logits = Session(model(network)).logits

    def __repr__(self) -> str:
        """The runtime."""
        return f"Reader(runtime={self.runtime!r})"

    def read(self, picture: Any, *, single: bool = False) -> Reading:
        """Read a picture.

        Parameters
        ----------
        picture
            A path, the bytes of a picture file, a PIL image, or an array of grey levels or RGB, ink light on dark or
            dark on light (`byhand.reading.picture.open_picture`).
        single
            Whether the picture is known to show one digit.

        Returns
        -------
        Reading
            Without digits if there are none.

        Raises
        ------
        ByhandError
            If it is not a picture that can be read.
        """
        opened = open_picture(picture)  # upright RGB
        ink = find_ink(opened.pixels)  # 0 is paper, 255 ink
        labels, components, left_out = find_components(ink)  # ruled lines, table edges and dust are left out
        digit_height = typical_height(components)
        if single:
            candidates = single_candidates(components)
            segments = components
        else:
            uncut = find_lines(components, labels.shape)
            labels, lines = cut_lines(labels, uncut, min_height=MIN_LINE * digit_height)  # where digits may touch
            segments = [segment for line in lines for segment in line.segments]
            left_out += border_bars(components, uncut, digit_height)
            found = [candidate for number, line in enumerate(lines) for candidate in line_candidates(line, number)]
            candidates = within_limits(found)

        # All candidates pass through the network in one batch.
        images, probabilities = self._classify(ink.level, labels, candidates)
        confidences = probabilities[:, :CLASSES].max(axis=1)
        # ln p(best digit) + ln(1 - p(not a digit)): halves and pairs of digits count twice.
        scores = np.log(np.maximum(confidences * (1 - probabilities[:, CLASSES]), 1e-9))

        if single:
            chosen = best_single(candidates, scores)
            unsure = confidences[chosen] < self.threshold
        else:
            chosen = [
                index
                for index in best_path(lines, candidates, scores)
                if not (candidates[index].extent < SPECK * digit_height and probabilities[index, CLASSES] > 0.5)
            ]
            digits_found = [candidates[index].segments for index in chosen]
            unsure = needs_review(digits_found, confidences[chosen], segments, self.threshold)
            unsure |= at_border([candidates[index].box for index in chosen], labels.shape)
            unsure |= len(candidates) < len(found)
        scale = np.array(opened.size) / labels.shape[::-1]
        digits = tuple(
            _read_digit(candidates[index], images[index], probabilities[index], bool(doubt), scale, opened.size)
            for index, doubt in zip(chosen, unsure, strict=True)
        )
        # What is in no digit is said, whatever the reason.
        left_out += not_chosen(segments, [candidates[index] for index in chosen], digit_height)
        unread = tuple(UnreadInk(_scaled(box, scale, opened.size), kind, n) for kind, box, n in grouped(left_out))
        return Reading(digits, opened.size, {"picture": opened.pixels, **ink.stages, "segments": labels}, unread)

    def probabilities(self, images: Array) -> Array:
        """Read ink itself, ``(B, 28, 28)``: calibrated probabilities ``(B, 11)``, the last of "not a digit".

        Floats are rounded to 256 grey levels (`byhand.data.pixels`), as every runtime takes them.
        """
        return from_logits(self._logits(grey_levels(images)).astype(np.float64) / self._temperature, "softmax")

    def _classify(self, level: Array, labels: Array, candidates: Sequence[Candidate]) -> tuple[list[Array], Array]:
        """Render candidates as ``(28, 28)`` and read them: their images and probabilities ``(C, 11)``."""
        if not candidates:
            return [], np.empty((0, CLASSES + 1))
        images = [render(crop(level, labels, one.segments)) for one in candidates]
        # A stroke may lie on a ruled line that was removed, as the base of a 2 does: the better of both counts.
        on_rules = [at for at, one in enumerate(candidates) if _touches_rule(labels, one.box)]
        with_rules = [render(crop(level, labels, candidates[at].segments, rules=True)) for at in on_rules]
        probabilities = self.probabilities(np.stack(images + with_rules))
        for at, image, own in zip(on_rules, with_rules, probabilities[len(images) :], strict=True):
            if own[:CLASSES].max() > probabilities[at, :CLASSES].max():
                images[at], probabilities[at] = image, own
        return images, probabilities[: len(images)]


def crop(level: Array, labels: Array, segments: Sequence[Segment], *, rules: bool = False) -> Array:
    """Cut out the ink of some segments, uint8, with the ruled lines in their box if wanted; soft edges are kept."""
    left, top, right, bottom = bounding_box(segments)
    rows, columns = level.shape
    window = np.s_[max(top - 2, 0) : min(bottom + 2, rows), max(left - 2, 0) : min(right + 2, columns)]
    own = labels[window]
    keep = (own == 0) & (level[window] < 128)
    for segment in segments:
        x0, y0, x1, y1 = segment.box
        inner = np.s_[y0 - window[0].start : y1 - window[0].start, x0 - window[1].start : x1 - window[1].start]
        keep[inner] |= own[inner] == segment.label
    if rules:
        start = left - window[1].start
        keep[:, start : start + right - left] |= own[:, start : start + right - left] == RULE
    return np.asarray(level[window] * keep)


def _touches_rule(labels: Array, box: Box) -> bool:
    left, top, right, bottom = box
    return bool((labels[max(top - 1, 0) : bottom + 1, left:right] == RULE).any())


def _read_digit(
    candidate: Candidate, image: Array, probabilities: Array, unsure: bool, scale: Array, size: tuple[int, int]
) -> ReadDigit:
    """Bring a candidate that was chosen to pixels of the picture, whose width and height are `size`."""
    order = np.argsort(-probabilities[:CLASSES], kind="stable")
    return ReadDigit(
        value=int(order[0]),
        box=_scaled(candidate.box, scale, size),
        confidence=float(probabilities[order[0]]),
        top=tuple((int(value), float(probabilities[value])) for value in order[:3]),
        unsure=unsure,
        line=candidate.line,
        ink=image,
    )


def _scaled(box: Box, scale: Array, size: tuple[int, int]) -> Box:
    """Bring a box to pixels of the picture; it is never empty."""
    left, top, right, bottom = (int(side) for side in np.rint(np.array(box) * np.tile(scale, 2)))
    left, top = min(left, size[0] - 1), min(top, size[1] - 1)
    return left, top, min(max(right, left + 1), size[0]), min(max(bottom, top + 1), size[1])
