"""What goes on inside a network, as plain arrays: no figure is drawn here."""

from __future__ import annotations

from byhand.look.arrays.copying import frozen
from byhand.look.arrays.pixels import COVER, PixelGradient, lead, occlusion, saliency
from byhand.look.arrays.plane import METHODS, last_hidden, on_plane
from byhand.look.arrays.rows import gates, hidden_states, is_recurrent, probabilities_by_row
from byhand.look.arrays.weights import dense_on_pixels, filters, unit_pictures

__all__ = [
    "COVER",
    "METHODS",
    "PixelGradient",
    "dense_on_pixels",
    "filters",
    "frozen",
    "gates",
    "hidden_states",
    "is_recurrent",
    "last_hidden",
    "lead",
    "occlusion",
    "on_plane",
    "probabilities_by_row",
    "saliency",
    "unit_pictures",
]
