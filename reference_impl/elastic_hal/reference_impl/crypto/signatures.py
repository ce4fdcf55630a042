"""The signature schemes by the names that the contract gives them (CRY-4, CRY-5)."""

from typing import Final

from ..bindings.elastic_hal import crypto as wit
from . import ecdsa, eddsa, rsa_pss
from .asymmetric import Scheme, SigningHalf, VerifyingHalf

SIGNATURES: Final[dict[wit.SignatureAlgorithm, Scheme[SigningHalf, VerifyingHalf]]] = {
    wit.SignatureAlgorithm.ED25519: eddsa.ED25519,
    wit.SignatureAlgorithm.ED448: eddsa.ED448,
    wit.SignatureAlgorithm.ECDSA_P256_SHA_256: ecdsa.P256_SHA256,
    wit.SignatureAlgorithm.ECDSA_P384_SHA_384: ecdsa.P384_SHA384,
    wit.SignatureAlgorithm.ECDSA_P521_SHA_512: ecdsa.P521_SHA512,
    wit.SignatureAlgorithm.RSA_PSS_SHA_256: rsa_pss.SHA256,
    wit.SignatureAlgorithm.RSA_PSS_SHA_384: rsa_pss.SHA384,
}
