"""A hierarchy of AMD's shape with keys of our own, and the reports that it signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509

from elastic_hal.reference_impl.platforms.emulator.amd_authority import AmdAuthority, AuthorityKeys, EndorsementKey
from elastic_hal.reference_impl.platforms.emulator.snp_report import ReportFields, unsigned_report
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, verify
from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb

START = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 6, 1, tzinfo=UTC)
EMULATED = AppraisalPolicy(allow_emulated=True)
MEASUREMENT = bytes(range(48))
TCBS = {
    Product.MILAN: Tcb(None, 4, 0, 24, 219),
    Product.GENOA: Tcb(None, 10, 0, 23, 84),
    Product.TURIN: Tcb(1, 1, 1, 4, 81),
}


@dataclass(frozen=True)
class Machine:
    """A chip of one product with a key of each kind, and who vouches for it."""

    authority: AmdAuthority
    tcb: Tcb
    chip_id: bytes
    keys: Mapping[str, EndorsementKey]

    def report(self, kind: str = "vcek", version: int = 3, **changes: Any) -> bytes:
        """A signed report; `changes` are fields that differ from those of an ordinary guest."""
        ordinary = {"chip_id": self.chip_id, "key_info": 4 * (kind == "vlek"), "measurement": MEASUREMENT}
        fields = {"product": self.authority.product, "version": version, "tcb": self.tcb, **ordinary, **changes}
        return self.keys[kind].sign(unsigned_report(ReportFields(**fields)))

    def certificates(self, kind: str = "vcek") -> list[x509.Certificate]:
        """The key's certificate and the one above it; the root is named as trusted elsewhere."""
        return [self.keys[kind].certificate, self.keys[kind].chain[0]]

    def appraise(self, report: bytes, kind: str = "vcek", **options: Any) -> Appraisal:
        """Verify with everything that is needed, but for what `options` say otherwise."""
        usual = {"anchors": [self.authority.root], "certificates": self.certificates(kind), "at": AT}
        return verify(report, **{**usual, "policy": EMULATED, **options})


@pytest.fixture(scope="session")
def authority_keys() -> AuthorityKeys:
    return AuthorityKeys.generate()


@pytest.fixture(scope="session")
def machine_of(authority_keys: AuthorityKeys) -> Callable[..., Machine]:
    """Makes machines; one that was made already is given again."""
    made: dict[tuple[Product, bool], Machine] = {}

    def machine(product: Product, *, marked: bool = True) -> Machine:
        if (product, marked) not in made:
            authority = AmdAuthority(product, authority_keys, START, marked=marked)
            tcb, identifier = TCBS[product], bytes(range(1, 9 if product is Product.TURIN else 65))
            keys = {
                "vcek": authority.vcek(tcb, identifier, START),
                "vlek": authority.vlek(tcb, "Some Cloud", START),
            }
            made[product, marked] = Machine(authority, tcb, identifier.ljust(64, b"\0"), keys)
        return made[product, marked]

    return machine


@pytest.fixture(scope="session")
def milan(machine_of: Callable[..., Machine]) -> Machine:
    return machine_of(Product.MILAN)


@pytest.fixture(scope="session")
def genoa(machine_of: Callable[..., Machine]) -> Machine:
    return machine_of(Product.GENOA)


@pytest.fixture(scope="session")
def turin(machine_of: Callable[..., Machine]) -> Machine:
    return machine_of(Product.TURIN)
