"""Activations and gradients of a network for one image, as Matplotlib figures.

::

    import byhand

    network = byhand.load_network("conv5x5")
    byhand.look.feature_maps(network, image)

The arrays that the figures show come from `byhand.viz.inside.arrays`; `byhand.viz.style.save` writes figures to files.
Matplotlib is imported when the first figure is drawn.
"""

from __future__ import annotations

from byhand.viz.inside.embedding import landscape
from byhand.viz.inside.feature_maps import feature_maps
from byhand.viz.inside.gallery import filters, gallery, units
from byhand.viz.inside.prediction import answer, evidence
from byhand.viz.inside.row_by_row import gates, rows
from byhand.viz.inside.token_by_token import attention

__all__ = [
    "answer",
    "attention",
    "evidence",
    "feature_maps",
    "filters",
    "gallery",
    "gates",
    "landscape",
    "rows",
    "units",
]
