"""The outcome of a comparison: every change, the version that they need, and whether the declared one is enough."""

from __future__ import annotations

from dataclasses import dataclass

from elastic_hal.codegen.diffing.changes import Change
from elastic_hal.codegen.diffing.rules import Bump, Rule
from elastic_hal.codegen.diffing.versions import is_enough, needed_version
from elastic_hal.codegen.model import PackageName


@dataclass(frozen=True, slots=True)
class Report:
    """What differs between two versions of a package, in the order of the old one's text, what is new after it."""

    old: PackageName
    new: PackageName
    changes: tuple[Change, ...]

    @property
    def package(self) -> str:
        """`namespace:name`."""
        return f"{self.new.namespace}:{self.new.name}"

    @property
    def bump(self) -> Bump:
        """What the changes need together."""
        return max((change.bump for change in self.changes), default=Bump.NONE)

    @property
    def needed(self) -> str | None:
        """The smallest version that the new one may have; None where the old one has no version to go on from."""
        return None if self.old.version is None else needed_version(self.old.version, self.bump)

    @property
    def is_sufficient(self) -> bool:
        """Whether the new version may be called what it is called."""
        if self.old.version is None:
            return True
        return self.new.version is not None and is_enough(self.old.version, self.new.version, self.bump)

    def without_docs(self) -> Report:
        """The same without changes that concern documentation alone."""
        kept = tuple(change for change in self.changes if change.rule is not Rule.DOCS_CHANGED)
        return Report(self.old, self.new, kept)
