"""A hierarchy of Intel's shape with keys of our own, the quotes that it signs, and collateral for them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from elastic_hal.reference_impl.platforms.emulator.intel_authority import IntelAuthority, IntelKeys, PlatformIdentity
from elastic_hal.reference_impl.platforms.emulator.intel_collateral import TcbStatement, collateral
from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, TdReport
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, Check, verify

START = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 6, 1, tzinfo=UTC)
EMULATED = AppraisalPolicy(allow_emulated=True)


@dataclass(frozen=True)
class Machine:
    """A machine, who vouches for it, and what is said about it."""

    authority: IntelAuthority
    signer: QuoteSigner
    identity: PlatformIdentity = field(default_factory=PlatformIdentity)

    def quote(self, version: int = 4, body_type: int = 2, padding: int = 0, **fields: Any) -> bytes:
        """A signed quote; `fields` are those that differ from an ordinary guest's."""
        return self.signer.quote(TdReport(**fields), version, body_type, padding)

    def extended_quote(self, extension: bytes = bytes(237), padding: int = 0, **fields: Any) -> bytes:
        """A signed quote of version 5 with a body of type 4: that of type 3 with an extension behind it."""
        body = TdReport(**fields).body(3) + extension
        head = self.quote(5, 3)[:48] + struct.pack("<HI", 4, len(body))
        return self.signer.sign(head + body) + bytes(padding)

    def collateral(self, at: datetime = AT, **said: Any) -> bytes:
        """Collateral of `at` for machines like this."""
        statement = TcbStatement(**said)
        return collateral(self.authority, self.identity, TdReport(), self.signer.enclave, at, statement).encode()

    def appraise(self, quote: bytes, said: bytes | None = None, **options: Any) -> Appraisal:
        """The appraisal of a quote, by ordinary collateral where none is given."""
        given = {"policy": EMULATED, "at": AT, "anchors": [self.authority.root], "collateral": said, **options}
        if said is None and "collateral" not in options:
            given["collateral"] = self.collateral()
        return verify(quote, **given)


def new_machine(*, marked: bool = True, identity: PlatformIdentity | None = None) -> Machine:
    """A machine below a hierarchy of its own."""
    authority = IntelAuthority(IntelKeys(), START, marked=marked)
    stated = identity or PlatformIdentity()
    return Machine(authority, QuoteSigner(authority.provisioning_key(stated)), stated)


@pytest.fixture(scope="session")
def machine() -> Machine:
    """An emulated machine."""
    return new_machine()


@pytest.fixture(scope="session")
def find_check() -> Callable[[Appraisal, str], Check]:
    """Finds the one check of a name."""

    def find(appraisal: Appraisal, name: str) -> Check:
        (found,) = (check for check in appraisal.checks if check.name == name)
        return found

    return find
