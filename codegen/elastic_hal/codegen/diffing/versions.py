"""Whether a declared version goes up enough (semver.org, version 2.0.0, with the usual reading of 0.y.z).

In 0.y.z a breaking change raises y and everything else z; in 0.0.z everything raises z. A pre-release promises nothing:
after one, any later version will do. Build metadata does not count.
"""

from __future__ import annotations

from elastic_hal.codegen.diffing.rules import Bump
from elastic_hal.codegen.model import Version
from elastic_hal.codegen.resolve.versions import version_key

_RELEASE = version_key("0.0.0")[3]


def needed_version(old: Version, bump: Bump) -> str:
    """The smallest version that may follow `old`; for a pre-release, the release that it leads to."""
    key = version_key(old.text)
    if bump is Bump.NONE:
        return old.text
    return ".".join(str(number) for number in (key[:3] if key[3] != _RELEASE else _raised(key[:3], bump)))


def is_enough(old: Version, new: Version, bump: Bump) -> bool:
    """Whether `new` may be the version that follows `old` after changes that need `bump`."""
    old_key, new_key = version_key(old.text), version_key(new.text)
    if bump is Bump.NONE:
        return new_key[:4] >= old_key[:4]
    if old_key[3] != _RELEASE:
        return new_key[:4] > old_key[:4]
    return new_key[:3] >= _raised(old_key[:3], bump)


def track(version: Version | None) -> str:
    """What compatible versions have in common: `1` of 1.4.2, `0.2` of 0.2.9, all of a 0.0.z or a pre-release."""
    if version is None:
        return ""
    major, minor, patch, before, _ = version_key(version.text)
    if before != _RELEASE:
        return version.text.partition("+")[0]
    if major:
        return str(major)
    return f"0.{minor}" if minor else f"0.0.{patch}"


def is_later(old: Version | None, new: Version | None) -> bool:
    """Whether `new` comes after `old`; a version comes after none."""
    if old is None or new is None:
        return old is None and new is not None
    return version_key(new.text) > version_key(old.text)


def _raised(numbers: tuple[int, int, int], bump: Bump) -> tuple[int, int, int]:
    major, minor, patch = numbers
    if bump is Bump.MAJOR and major:
        return major + 1, 0, 0
    if (bump is Bump.MINOR and major) or (bump is Bump.MAJOR and minor):
        return major, minor + 1, 0
    return major, minor, patch + 1
