"""What can be wrong with a storage itself. A guest sees `internal` for all of it, and the host's log says what it was.

What a guest can do something about is raised as an error of the contract where it is found.
"""

import errno
from typing import Final

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says where there is no room."""


class StorageFailure(Exception):
    """The storage does not work: it cannot be opened, is damaged, busy for too long, or not reachable."""


class StorageLocationError(StorageFailure):
    """The place of the storage cannot be used. The text names it and says what to do."""
