"""Cryptography, CRY-1 to CRY-12."""

from __future__ import annotations

from elastic_hal.conformance.catalogue_mutants.changes import (
    VERIFICATION_FAILED,
    first_answer_again,
    with_answer,
    with_argument,
    without,
)
from elastic_hal.conformance.catalogue_mutants.target import Change, Target

_EXPORTABLE = with_argument(2, lambda _: True)
_SKIPS = without(VERIFICATION_FAILED, None)
_DECRYPTS_ANYTHING = without(VERIFICATION_FAILED, b"")


def _target(name: str, cases: str, **changes: Change) -> Target:
    return Target(name, "elastic_hal_crypto", changes, cases)


MUTANTS = (
    _target("cry-1-makes-every-key-exportable", "key-is-not-exportable", Key_generate=_EXPORTABLE),
    _target("cry-2-forgets-the-label", "oaep-round-trip or oaep-known", oaep_encrypt=with_argument(2, lambda _: b"")),
    _target(
        "cry-3-skips-verification",
        "oaep-refuses or hpke-refuses",
        oaep_decrypt=_DECRYPTS_ANYTHING,
        hpke_decrypt=_DECRYPTS_ANYTHING,
    ),
    _target("cry-4-signs-nothing", "signature-round-trip", sign=with_argument(1, lambda _: b"")),
    _target("cry-5-skips-verification", "verify-refuses-the-form", verify=_SKIPS),
    _target("cry-6-drops-the-last-byte", "hash-known", hash=with_argument(1, lambda data: data[:-1])),
    _target("cry-7-repeats-the-iv", "cipher-round-trip", cipher_encrypt=first_answer_again()),
    _target("cry-8-hides-wrong-padding", "cipher-cbc-refuses-padding", cipher_decrypt=_DECRYPTS_ANYTHING),
    _target("cry-9-truncates", "mac-known", compute_mac=with_answer(lambda tag: tag[:-1])),
    _target("cry-10-accepts-any-tag", "verify-mac-refuses", verify_mac=_SKIPS),
    _target("cry-11-repeats-the-nonce", "aead-encrypt-never-repeats-a-nonce", aead_encrypt=first_answer_again()),
    _target("cry-12-skips-verification", "aead-decrypt", aead_decrypt=_DECRYPTS_ANYTHING),
)
