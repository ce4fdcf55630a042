"""The error for what is not authentic, with the reason for the host's log; the guest gets none."""

from .bindings.elastic_hal import types


def unproven(reason: str) -> types.Error_VerificationFailed:
    """Return `verification-failed`. The reason holds no secret, and stays in the host."""
    error = types.Error_VerificationFailed()
    error.add_note(reason)
    return error
