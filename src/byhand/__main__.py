"""``python -m byhand``."""

import sys

from byhand.cli import main

sys.exit(main())
