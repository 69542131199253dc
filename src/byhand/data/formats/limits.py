"""How much a file may unpack to.

A few kilobytes can unpack to terabytes (a "zip bomb"), and a header can claim any size. Every reader checks what it is
about to make against these limits before it makes it.
"""

from __future__ import annotations

# Ten times the largest public sets of digits (EMNIST's 280,000), and 0.8 GB as bytes.
MOST_IMAGES = 1_000_000
