"""What goes on inside a network when it reads one picture, as Matplotlib figures.

::

    import byhand

    network = byhand.load_network("conv5x5")
    byhand.look.feature_maps(network, image)

The arrays that are shown come from `byhand.look.arrays`, which draws nothing; `byhand.report.style.save` writes figures
to files. Matplotlib is imported when the first figure is drawn.
"""

from __future__ import annotations

from byhand.look.answer import answer
from byhand.look.evidence import evidence
from byhand.look.landscape import landscape
from byhand.look.maps import feature_maps
from byhand.look.patterns import filters, units
from byhand.look.reading_rows import gates, rows

__all__ = ["answer", "evidence", "feature_maps", "filters", "gates", "landscape", "rows", "units"]
