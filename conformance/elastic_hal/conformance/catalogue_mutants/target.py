"""What a mutant of one catalogue function is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Change = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Makes of a function the one that stands in its place. Neither sees the object of a method among its arguments."""


@dataclass(frozen=True, slots=True)
class Target:
    """A mutant.

    `name` begins with the catalogue id in lower case and says what goes wrong. `provider` is the provider's field in
    the generated `Providers`, such as `elastic_hal_crypto`; WASI's interfaces are named alike. `changes` has for each
    function what happens to it: by the name of the provider's function (`aead_encrypt`, `Key_generate`), or
    `Class.method` of a resource (`Hasher.update`). `cases` selects the cases that are to notice, as `-k` does; none
    others run.
    """

    name: str
    provider: str
    changes: Mapping[str, Change]
    cases: str

    @property
    def catalogue_id(self) -> str:
        """The id of the function that it does wrong, such as `CRY-11`."""
        family, number, _ = self.name.split("-", 2)
        return f"{family.upper()}-{number}"
