"""Makes the certificates and hosts that the tests of TLS share, and their modules, known to them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tls_hosts import authority, workload

__all__ = ["authority", "workload"]
