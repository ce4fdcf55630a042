"""Attestation results (draft-ietf-rats-ear): an appraisal as a signed statement of the verifier.

`attestation_result` makes one of an appraisal, `sign_result` signs it as JWT or CWT, and `read_result` takes it back
from either form, with the signature checked.
"""

from .errors import ResultError
from .keys import ResultKeyError, load_public_key, load_signing_key
from .reading import MAX_RESULT_BYTES, read_result
from .result import PROFILE, attestation_result
from .signing import ResultFormat, sign_result
from .vector import Tier, trustworthiness

__all__ = [
    "MAX_RESULT_BYTES",
    "PROFILE",
    "ResultError",
    "ResultFormat",
    "ResultKeyError",
    "Tier",
    "attestation_result",
    "load_public_key",
    "load_signing_key",
    "read_result",
    "sign_result",
    "trustworthiness",
]
