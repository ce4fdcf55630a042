"""Why `dcap-qvl` refuses a quote, in words for people who do not know its insides."""

from typing import Final

_MOST_CHARACTERS: Final = 200
_PREFIX: Final = "Verification failed: "

_MEANINGS: Final = {
    "ISV enclave report signature is invalid": "the attestation key did not sign this header and body",
    "Signature is invalid for qe_report in quote": "the machine's key did not sign the quoting enclave's report",
    "QE report hash mismatch": "the quoting enclave's report is for another attestation key",
    "Signature is invalid for tcb_info in quote_collateral": "the collateral's TCB information is not Intel's",
    "Signature is invalid for qe_identity in quote_collateral": "the collateral's enclave identity is not Intel's",
    "Fmspc mismatch": "the collateral is for machines of another kind (FMSPC)",
    "TCBInfo expired": "the collateral's TCB information is out of date",
    "TCBInfo issue date is in the future": "the collateral's TCB information is newer than the time to judge by",
    "QE Identity expired": "the collateral's enclave identity is out of date",
    "QE Identity issue date is in the future": "the collateral's enclave identity is newer than the time to judge by",
    "TDX quote with non-TDX TCB info in the collateral": "the collateral is for SGX enclaves, not for TDX guests",
    "QE report validation failed": "the quoting enclave is under a debugger",
    "Invalid QE auth data length": "the quoting enclave's authentication data has not the length that Intel's has",
    "No matching TCB level found": "the machine's TCB is older than every level that the collateral knows",
    "TDX module identity check": "the TDX module is none that the collateral knows",
    "TDX module TCB level check": "the TDX module is older than every level that the collateral knows",
    "TCB status is invalid: Revoked": "the machine's TCB is revoked",
    "Failed to evaluate the current TDX TCB (TEE_TCB_SVN2)": "the present TCB is older than every level that is known",
    "Debug mode is enabled": "the guest is under a debugger, so that the host may read and change its memory",
    "TD profiling is enabled": "the guest's attributes let the host watch how it runs (profiling)",
    "Reserved bits in TD attributes are set": "the guest has attributes that are not defined",
    "SEPT_VE_DISABLE is not enabled": "the guest's attributes let the host take pages away unseen (SEPT_VE_DISABLE)",
    "TD migration is enabled": "the guest's attributes allow it to be moved to another machine",
    "SERVTD_EXT is enabled": "the guest's attributes allow service TDs to be bound to it",
    "Invalid MR service TD": "a service TD is bound to the guest",
}


def reason_for(error: Exception) -> str:
    """Say why, in one line."""
    text = str(error).removeprefix(_PREFIX)
    return _MEANINGS.get(text, ascii(text)[1:-1][:_MOST_CHARACTERS])
