"""The claims that hardware signs a digest of, as the platforms with a kernel interface state them."""

from elastic_hal.reference_impl.eat import TeeClaims, encode_tee_claims
from elastic_hal.runtime.platform import EvidenceRequest, PlatformError

from ..clock import seconds


def state_claims(request: EvidenceRequest, platform_type: str) -> bytes:
    """Encode what a request asks for, as of now. Raises `PlatformError` for what claims cannot state."""
    try:
        return encode_tee_claims(
            TeeClaims(
                nonce=request.nonce,
                issued_at=seconds(),
                platform_type=platform_type,
                measurements=request.measurements,
                attested_key=request.public_key,
                purpose=request.purpose,
            )
        )
    except ValueError as error:
        raise PlatformError(f"evidence cannot state that: {error}") from None
