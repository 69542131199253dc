"""What goes on inside a network when it reads one picture, as Matplotlib figures.

::

    import byhand

    network = byhand.load_network("conv5x5")
    byhand.look.feature_maps(network, image)

The arrays that are shown come from `byhand.look.arrays`, which draws nothing; `byhand.report.style.save` writes figures
to files. Matplotlib is imported when the first figure is drawn.
"""

from __future__ import annotations

from byhand.look.answers import answer
from byhand.look.gallery import gallery
from byhand.look.grounds import evidence
from byhand.look.maps import feature_maps
from byhand.look.patterns import filters, units
from byhand.look.places import landscape
from byhand.look.reading_rows import gates, rows

__all__ = ["answer", "evidence", "feature_maps", "filters", "gallery", "gates", "landscape", "rows", "units"]
