"""Makes the site that all tests of the broker share, and its module, known to them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from broker_site import platform, site

__all__ = ["platform", "site"]
