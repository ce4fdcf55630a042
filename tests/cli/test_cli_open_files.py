"""How many files a host may have open."""

import resource
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from elastic_hal.cli.workloads import open_host
open_host("simulated", None, cached=False, state=Path(sys.argv[1]))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_a_host_takes_what_the_system_allows(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], capture_output=True, text=True, check=True)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert int(ran.stdout) == (65_536 if most == resource.RLIM_INFINITY else min(most, 65_536))
