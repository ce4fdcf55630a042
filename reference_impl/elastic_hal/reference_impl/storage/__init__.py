"""Object storage (OBJ-1 to OBJ-4): `provider` is what the linker connects, `storages` where the objects are.

From the guest inwards: `provider`, `container`, `reader`, `writer`, `copying`, `access` do what the contract says.
`chunks` and `container_keys` are the format of what is stored. `backend` is what both storages offer: `sqlite`, with
`sqlite_vault`, `sqlite_streams`, `verified_index`, `anchors`, `owners`, `tables`, `database`; and `s3`.
"""

from .provider import ObjectStorageProvider
from .storages import Storages

__all__ = ["ObjectStorageProvider", "Storages"]
