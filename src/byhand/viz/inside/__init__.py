"""What goes on inside a network when it reads one picture, as Matplotlib figures.

::

    import byhand

    network = byhand.load_network("conv5x5")
    byhand.viz.inside.feature_maps(network, image)

The arrays that are shown come from `byhand.viz.inside.arrays`, which draws nothing; `byhand.viz.style.save` writes
figures to files. Matplotlib is imported when the first figure is drawn.
"""

from __future__ import annotations

from byhand.viz.inside.attribution import filters, units
from byhand.viz.inside.embedding import landscape
from byhand.viz.inside.feature_maps import feature_maps
from byhand.viz.inside.gallery import gallery
from byhand.viz.inside.prediction import answer
from byhand.viz.inside.row_by_row import gates, rows
from byhand.viz.inside.saliency import evidence

__all__ = ["answer", "evidence", "feature_maps", "filters", "gallery", "gates", "landscape", "rows", "units"]
