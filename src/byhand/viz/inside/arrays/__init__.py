"""Activations and gradients of a network as plain arrays, which the figures show."""

from __future__ import annotations

from byhand.viz.inside.arrays.gradients import COVER, lead, occlusion, saliency
from byhand.viz.inside.arrays.projection import METHODS, last_hidden, on_plane
from byhand.viz.inside.arrays.states import gates, hidden_states, is_recurrent, probabilities_by_row, recurrences
from byhand.viz.inside.arrays.token_weights import attends, attention_weights, class_attention, on_drawing, tokens
from byhand.viz.inside.arrays.unit_weights import dense_on_pixels, filters, on_pixels, unit_pictures

__all__ = [
    "COVER",
    "METHODS",
    "attends",
    "attention_weights",
    "class_attention",
    "dense_on_pixels",
    "filters",
    "gates",
    "hidden_states",
    "is_recurrent",
    "last_hidden",
    "lead",
    "occlusion",
    "on_drawing",
    "on_pixels",
    "on_plane",
    "probabilities_by_row",
    "recurrences",
    "saliency",
    "tokens",
    "unit_pictures",
]
