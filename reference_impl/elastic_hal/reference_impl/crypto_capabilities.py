"""The capabilities of cryptography and sealing, from the tables that the calls themselves look into."""

from elastic_hal.runtime.platform import Platform

from .bindings.elastic_hal import crypto, sealing
from .bounds import MAX_DATA_BYTES
from .capability_entry import Entry, names
from .crypto import bare_encryption, hpke
from .crypto.aeads import AEADS
from .crypto.agreements import AGREEMENTS
from .crypto.ciphers import CIPHERS, MAX_MESSAGE_BYTES
from .crypto.derivation_schemes import DERIVATIONS
from .crypto.encryption import MAX_CIPHERTEXT_BYTES
from .crypto.hashes import HASHES
from .crypto.key_making import MAX_KEY_MATERIAL_BYTES
from .crypto.macs import MACS
from .crypto.nonces import MAX_CALLER_NONCES, MAX_ENCRYPTIONS, MAX_REMEMBERED_NONCES
from .crypto.public_encryption import ENCRYPTIONS
from .crypto.rsa_keys import MOST_MODULUS_BITS
from .crypto.signatures import SIGNATURES
from .post_quantum.encapsulation import KEMS
from .post_quantum.signatures import MAX_CONTEXT_BYTES
from .post_quantum.signatures import SIGNATURES as POST_QUANTUM_SIGNATURES
from .sealing.provider import MAX_SEALABLE_BYTES, MAX_SEALED_BYTES

_KEY_LIMITS = (
    ("encryptions", MAX_ENCRYPTIONS),
    ("caller-nonces", MAX_CALLER_NONCES),
    ("workload-caller-nonces", MAX_REMEMBERED_NONCES),
)
_ASSOCIATED = ("associated-data-bytes", MAX_DATA_BYTES)
_SEALED_ASSOCIATED = ("associated-data-bytes", MAX_SEALABLE_BYTES)


def crypto_entries(platform: Platform) -> dict[str, Entry]:
    """Give the entries CRY-1 to CRY-14. Whether secrets can be sealed, and by whose key, is for the platform to say."""
    carrier = crypto.INTERFACE
    macs, aeads, ciphers = names(MACS), names(AEADS), names(CIPHERS)
    signatures = (*names(SIGNATURES), *names(POST_QUANTUM_SIGNATURES))
    encryptions = (*names(ENCRYPTIONS), *names(KEMS))
    others = (*names(AGREEMENTS), *names(DERIVATIONS))
    data, message = (("data-bytes", MAX_DATA_BYTES),), (("message-bytes", MAX_DATA_BYTES),)
    signing = (*message, ("context-bytes", MAX_CONTEXT_BYTES))
    plaintext = ("plaintext-bytes", MAX_DATA_BYTES)
    messages = ("messages", hpke.MAX_MESSAGES)
    sources = () if platform.sealing_source is None else (platform.sealing_source.value,)
    return {
        "CRY-1": Entry(
            carrier,
            (*macs, *aeads, *ciphers, *signatures, *encryptions, *others, *names(crypto.KeyFormat)),
            (("material-bytes", MAX_KEY_MATERIAL_BYTES), ("rsa-modulus-bits", MOST_MODULUS_BITS)),
        ),
        "CRY-2": Entry(carrier, encryptions, (plaintext, _ASSOCIATED, messages)),
        "CRY-3": Entry(carrier, encryptions, (("ciphertext-bytes", MAX_CIPHERTEXT_BYTES), _ASSOCIATED, messages)),
        "CRY-4": Entry(carrier, signatures, signing),
        "CRY-5": Entry(carrier, signatures, signing),
        "CRY-6": Entry(carrier, names(HASHES), data),
        "CRY-7": Entry(carrier, ciphers, (plaintext, ("message-bytes", MAX_MESSAGE_BYTES), *_KEY_LIMITS)),
        "CRY-8": Entry(carrier, ciphers, (("ciphertext-bytes", bare_encryption.MAX_CIPHERTEXT_BYTES),)),
        "CRY-9": Entry(carrier, macs, data),
        "CRY-10": Entry(carrier, macs, data),
        "CRY-11": Entry(carrier, aeads, (plaintext, _ASSOCIATED, *_KEY_LIMITS)),
        "CRY-12": Entry(carrier, aeads, (("ciphertext-bytes", MAX_CIPHERTEXT_BYTES), _ASSOCIATED)),
        "CRY-13": Entry(
            sealing.INTERFACE,
            sources,
            limits=(("data-bytes", MAX_SEALABLE_BYTES), _SEALED_ASSOCIATED),
            supported=bool(sources),
        ),
        "CRY-14": Entry(
            sealing.INTERFACE,
            sources,
            limits=(("sealed-bytes", MAX_SEALED_BYTES), _SEALED_ASSOCIATED),
            supported=bool(sources),
        ),
    }
