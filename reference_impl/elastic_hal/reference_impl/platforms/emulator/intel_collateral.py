"""Collateral for the quotes of an emulated TDX machine: TCB information, enclave identity and revocation lists.

The shape is that of a file which `dcap-qvl` reads, and so of what Intel's service answers.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from .intel_authority import IntelAuthority, PlatformIdentity
from .intel_quote import QuotingEnclave, TdReport

_NO_MASK = "F" * 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TcbStatement:
    """What the collateral says of the machine's TCB."""

    status: str = "UpToDate"
    advisories: tuple[str, ...] = ()
    enclave_status: str = "UpToDate"
    evaluation: int = 17
    days: int = 30
    revoked: tuple[int, ...] = field(default=())
    """Serial numbers of provisioning keys that are revoked."""


def collateral(
    authority: IntelAuthority,
    identity: PlatformIdentity,
    report: TdReport,
    enclave: QuotingEnclave,
    at: datetime,
    statement: TcbStatement | None = None,
) -> str:
    """Give the JSON text for a machine, signed by the authority at `at`."""
    said = statement or TcbStatement()
    tcb_info = json.dumps(_tcb_info(identity, report, at, said), separators=(",", ":"))
    enclave_identity = json.dumps(_enclave_identity(enclave, at, said), separators=(",", ":"))
    signing_chain = _pem(authority.tcb_signing, authority.root)
    return json.dumps(
        {
            "pck_crl_issuer_chain": _pem(authority.pck_authority, authority.root),
            "root_ca_crl": authority.root_revocations(at, said.days).public_bytes(Encoding.DER).hex(),
            "pck_crl": authority.pck_revocations(at, said.days, said.revoked).public_bytes(Encoding.DER).hex(),
            "tcb_info_issuer_chain": signing_chain,
            "tcb_info": tcb_info,
            "tcb_info_signature": _sign(authority.tcb_signing_key, tcb_info),
            "qe_identity_issuer_chain": signing_chain,
            "qe_identity": enclave_identity,
            "qe_identity_signature": _sign(authority.tcb_signing_key, enclave_identity),
        }
    )


def _tcb_info(identity: PlatformIdentity, report: TdReport, at: datetime, said: TcbStatement) -> dict[str, object]:
    module_version = report.tee_tcb_svn[1]
    # The module's own numbers are judged by its identity, and not among the components, from version 1 on.
    components = (bytes(2) + report.tee_tcb_svn[2:]) if module_version else report.tee_tcb_svn
    module = {"mrsigner": report.mr_signer_seam.hex().upper(), "attributes": "0" * 16, "attributesMask": _NO_MASK}
    return {
        "id": "TDX",
        "version": 3,
        **_period(at, said.days),
        "fmspc": identity.fmspc.hex().upper(),
        "pceId": identity.pce_id.hex().upper(),
        "tcbType": 0,
        "tcbEvaluationDataNumber": said.evaluation,
        "tdxModule": module,
        "tdxModuleIdentities": [
            {
                "id": f"TDX_{module_version:02X}",
                **module,
                "tcbLevels": [_level({"isvsvn": report.tee_tcb_svn[0]}, at, "UpToDate", ())],
            }
        ],
        "tcbLevels": [
            _level(
                {
                    "sgxtcbcomponents": [{"svn": svn} for svn in identity.cpu_svn],
                    "pcesvn": identity.pce_svn,
                    "tdxtcbcomponents": [{"svn": svn} for svn in components],
                },
                at,
                said.status,
                said.advisories,
            )
        ],
    }


def _enclave_identity(enclave: QuotingEnclave, at: datetime, said: TcbStatement) -> dict[str, object]:
    return {
        "id": "TD_QE",
        "version": 2,
        **_period(at, said.days),
        "tcbEvaluationDataNumber": said.evaluation,
        "miscselect": "00000000",
        "miscselectMask": "FFFFFFFF",
        "attributes": "11000000000000000000000000000000",
        "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
        "mrsigner": enclave.mr_signer.hex().upper(),
        "isvprodid": enclave.product,
        "tcbLevels": [_level({"isvsvn": enclave.svn}, at, said.enclave_status, ())],
    }


def _level(tcb: dict[str, object], at: datetime, status: str, advisories: Sequence[str]) -> dict[str, object]:
    level: dict[str, object] = {"tcb": tcb, "tcbDate": _time(at), "tcbStatus": status}
    return {**level, "advisoryIDs": list(advisories)} if advisories else level


def _period(at: datetime, days: int) -> dict[str, object]:
    return {"issueDate": _time(at), "nextUpdate": _time(at + timedelta(days=days))}


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _pem(*certificates: x509.Certificate) -> str:
    return "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)


def _sign(key: ec.EllipticCurvePrivateKey, message: str) -> str:
    r, s = decode_dss_signature(key.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
    return (r.to_bytes(32, "big") + s.to_bytes(32, "big")).hex()
