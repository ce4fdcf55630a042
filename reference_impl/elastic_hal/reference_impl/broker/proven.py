"""What authentic evidence tells of machine and guest: for the audit log, and to be compared with what is revoked.

What the processor signed is kept apart from what software in the guest stated, so that whoever reads the log knows
whose word it is.
"""

import hashlib

from elastic_hal.reference_impl.eat import Claims
from elastic_hal.reference_impl.verify import Appraisal, Verdict
from elastic_hal.reference_impl.verify.appraisal import StatedClaims
from elastic_hal.reference_impl.verify.freshness import REPORT_DATA
from elastic_hal.reference_impl.verify.hardware import HardwareClaims
from elastic_hal.reference_impl.verify.snp.claims import SnpClaims
from elastic_hal.reference_impl.verify.tdx.claims import TdxClaims


def audit_fields(appraisal: Appraisal) -> dict[str, object]:
    """Give what an entry of the log says of evidence, accepted or not; nothing where it is not authentic."""
    claims = appraisal.claims
    if claims is None:
        return {}
    fields: dict[str, object] = {}
    hardware = _by_hardware(_hardware(claims))
    if hardware:
        fields["hardware"] = hardware
    token = claims.token
    # Claims that the processor did not sign are a stranger's, and would make the log say what nobody stated.
    if token is None or any(check.name == REPORT_DATA and check.verdict is Verdict.FAIL for check in appraisal.checks):
        return fields
    fields["platform"] = token.platform_type
    fields["purpose"] = token.judged_purpose.value
    fields["measurements"] = {
        measured.name: f"{measured.algorithm}:{measured.value.hex()}" for measured in claims.measurements
    }
    if token.attested_key is not None:
        fields["key"] = f"sha-256:{hashlib.sha256(token.attested_key).hexdigest()}"
    return fields


def revocable_values(claims: StatedClaims) -> frozenset[bytes]:
    """Give every value by which evidence can be revoked: each whole, as its field has it."""
    values = {measured.value for measured in claims.measurements}
    token = claims.token
    if token is not None and token.attested_key is not None:
        values.add(hashlib.sha256(token.attested_key).digest())
    if isinstance(claims, Claims):
        # The device's identifier is a type and what tells devices apart; operators know it with and without.
        values |= {claims.device, claims.device[1:]}
    hardware = _hardware(claims)
    if isinstance(hardware, SnpClaims):
        values |= _values_of_snp(hardware)
    elif isinstance(hardware, TdxClaims):
        values |= _values_of_tdx(hardware)
    return frozenset(values)


def _hardware(claims: StatedClaims) -> StatedClaims:
    return claims.hardware if isinstance(claims, HardwareClaims) else claims


def _by_hardware(hardware: StatedClaims) -> dict[str, object]:
    if isinstance(hardware, SnpClaims):
        chip = hardware.chip_id()
        return {
            "type": "sev-snp",
            "emulated": hardware.emulated,
            "product": hardware.product.value,
            "launch measurement": hardware.report.measurement.hex(),
            "chip": None if chip is None else chip.hex(),
            "provider": hardware.key.provider,
            "host data": hardware.report.host_data.hex(),
            "identity key": hardware.report.id_key_digest.hex(),
            "vmpl": hardware.report.vmpl,
            "tcb": str(hardware.tcb["reported"]),
        }
    if isinstance(hardware, TdxClaims):
        report, machine = hardware.quote.report, hardware.machine
        return {
            "type": "tdx",
            "emulated": hardware.emulated,
            "mrtd": report.mrtd.hex(),
            **{f"rtmr{number}": register.hex() for number, register in enumerate(report.rtmrs)},
            "mr_config_id": report.mr_config_id.hex(),
            "ppid": machine.ppid.hex(),
            "fmspc": machine.fmspc.hex(),
            "tcb": hardware.tcb.status,
        }
    return {}


def _values_of_snp(claims: SnpClaims) -> set[bytes]:
    report, key = claims.report, claims.key
    values = {
        report.measurement,
        report.host_data,
        report.id_key_digest,
        report.author_key_digest,
        report.family_id,
        report.image_id,
        report.report_id,
        report.report_id_ma,
        report.chip_id,
    }
    if key.hardware_id is not None and key.chip_id is not None:
        values |= {key.hardware_id, key.chip_id}
    return values


def _values_of_tdx(claims: TdxClaims) -> set[bytes]:
    quote, report, machine = claims.quote, claims.quote.report, claims.machine
    values = {
        report.mrtd,
        *report.rtmrs,
        report.mr_seam,
        report.mr_signer_seam,
        report.mr_config_id,
        report.mr_owner,
        report.mr_owner_config,
        report.tee_tcb_svn,
        machine.ppid,
        machine.cpu_svn,
        quote.enclave.mr_enclave,
        quote.enclave.mr_signer,
    }
    values |= {value for value in (report.tee_tcb_svn2, report.mr_service_td, machine.instance_id) if value is not None}
    if report.extension is not None:
        values |= {report.extension.td_id, report.extension.cur_service_td_hash, report.extension.init_service_td_hash}
    return values
