"""Collateral: what Intel says, signed, about machines of a kind and about revoked keys, as a JSON file.

The file has nine entries, the ones that `dcap-qvl` reads and writes: chains as PEM, revocation lists and signatures
as hexadecimal digits, and the two signed documents as texts. A tenth, the machine's own chain, may stand beside.
"""

import functools
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from elastic_hal.common.text import shown
from elastic_hal.reference_impl.verify.chain import ChainError, has_whole_signature

from .certificates import check_chain, read_chain
from .errors import TdxError

MAX_COLLATERAL_BYTES: Final = 4 * 1024 * 1024

_REMEMBERED: Final = 8
"""A relying party judges many quotes by the same collateral."""

_TEXTS: Final = ("pck_crl_issuer_chain", "tcb_info_issuer_chain", "tcb_info", "qe_identity_issuer_chain", "qe_identity")
_BINARY: Final = ("root_ca_crl", "pck_crl", "tcb_info_signature", "qe_identity_signature")
_MACHINE: Final = "pck_certificate_chain"
"""Newer writers put the machine's own chain beside. The quote has it too, and both must be the same."""
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")


@dataclass(frozen=True, slots=True)
class Collateral:
    """The nine entries, the chains and lists among them also taken apart; nothing of it is believed yet."""

    texts: dict[str, str]
    binary: dict[str, bytes]
    crl_issuer: tuple[x509.Certificate, ...]
    tcb_signer: tuple[x509.Certificate, ...]
    enclave_signer: tuple[x509.Certificate, ...]
    root_revocations: x509.CertificateRevocationList
    pck_revocations: x509.CertificateRevocationList
    machine: tuple[x509.Certificate, ...] | None = None

    @property
    def chains(self) -> tuple[tuple[x509.Certificate, ...], ...]:
        """All chains."""
        return self.crl_issuer, self.tcb_signer, self.enclave_signer

    def check(self, root: x509.Certificate, at: datetime) -> None:
        """Check that chains and lists are the root's and current, or raise `ChainError`."""
        check_chain(self.crl_issuer, root, at, authority=True)
        check_chain(self.tcb_signer, root, at, authority=False)
        check_chain(self.enclave_signer, root, at, authority=False)
        _check_list(self.root_revocations, root, at, "the root's revocation list")
        _check_list(self.pck_revocations, self.crl_issuer[0], at, "the revocation list of machines")

    def check_machine(self, chain: tuple[x509.Certificate, ...]) -> None:
        """Check that a machine which the collateral names is the quote's, or raise `ChainError`."""
        if self.machine not in (None, chain):
            raise ChainError("the collateral names another machine's certificates than the quote")

    def check_provisioning(self, enclave: bytes) -> None:
        """Check that the TCB information is for the provisioning enclave (PCE) that certified the machine's key.

        Security versions of another one are counted otherwise. Raises `TdxError`.
        """
        stated = _tcb_information(self.texts["tcb_info"]).get("pceId")
        if not isinstance(stated, str) or stated.lower() != enclave.hex():
            found = stated if isinstance(stated, str) else "none"
            raise TdxError(
                f"the collateral is for machines of the PCE {shown(found, 20)}, the machine is of {enclave.hex()}"
            )


@functools.lru_cache(_REMEMBERED)
def parse_collateral(data: bytes) -> Collateral:
    """Read collateral, or raise `TdxError`."""
    if len(data) > MAX_COLLATERAL_BYTES:
        raise TdxError(f"it has more than {MAX_COLLATERAL_BYTES} bytes")
    try:
        document = json.loads(data.decode(), object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise TdxError("it is not a JSON document in UTF-8, or has a name twice") from None
    if not isinstance(document, dict):
        raise TdxError("it is not a JSON object")
    unknown = set(document) - {*_TEXTS, *_BINARY, _MACHINE}
    if unknown:
        raise TdxError(f"its entry {ascii(sorted(unknown)[0])[:60]} is unknown")
    texts = {name: _text(document, name) for name in _TEXTS}
    machine = _machine(document)
    binary = {name: _bytes(document, name) for name in _BINARY}
    return Collateral(
        texts=texts,
        binary=binary,
        crl_issuer=_chain(texts, "pck_crl_issuer_chain"),
        tcb_signer=_chain(texts, "tcb_info_issuer_chain"),
        enclave_signer=_chain(texts, "qe_identity_issuer_chain"),
        root_revocations=_list(binary, "root_ca_crl"),
        pck_revocations=_list(binary, "pck_crl"),
        machine=machine,
    )


def _machine(document: dict[str, object]) -> tuple[x509.Certificate, ...] | None:
    """Read the machine's own chain, where it is there: some writers leave the entry out, others put null."""
    if document.get(_MACHINE) is None:
        return None
    return _chain({_MACHINE: _text(document, _MACHINE)}, _MACHINE)


def _tcb_information(text: str) -> dict[str, object]:
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise TdxError("the collateral's TCB information is not JSON, or has a name twice") from None
    if not isinstance(document, dict):
        raise TdxError("the collateral's TCB information is not a JSON object")
    return document


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError
    return table


def _text(document: dict[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value or not value.isascii():
        raise TdxError(f"its entry {name} is not a text, or not there")
    return value


def _bytes(document: dict[str, object], name: str) -> bytes:
    value = document.get(name)
    if not isinstance(value, str) or _HEXADECIMAL.fullmatch(value) is None:
        raise TdxError(f"its entry {name} is not hexadecimal, or not there")
    return bytes.fromhex(value)


def _chain(texts: dict[str, str], name: str) -> tuple[x509.Certificate, ...]:
    try:
        return read_chain(texts[name].encode("ascii"))
    except ChainError as error:
        raise TdxError(f"its entry {name} cannot be used: {error}") from None


def _list(binary: dict[str, bytes], name: str) -> x509.CertificateRevocationList:
    try:
        return x509.load_der_x509_crl(binary[name])
    # What the parser raises for hostile bytes is not only ValueError.
    except Exception as error:
        raise TdxError(f"its entry {name} is not a revocation list ({type(error).__name__})") from None


def _check_list(revocations: x509.CertificateRevocationList, issuer: x509.Certificate, at: datetime, name: str) -> None:
    try:
        signed = _is_signed(revocations, issuer)
        last = revocations.next_update_utc
    # Parts of a list are parsed when they are first looked at, and a hostile one can fail in any of them.
    except Exception as error:
        raise ChainError(f"{name} cannot be read ({type(error).__name__})") from None
    if not signed:
        raise ChainError(f"{name} is not signed by its issuer")
    # A list that is newer than the time to judge by knows of more revocations, not of fewer.
    if last is None or last < at:
        end = "it has no end" if last is None else f"it was good until {last:%Y-%m-%dT%H:%M:%SZ}"
        raise ChainError(f"{name} is out of date ({end})")


def _is_signed(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    if revocations.issuer != issuer.subject or not has_whole_signature(revocations):
        return False
    return revocations.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
