"""What the linker connects guests to: the functions of `crypto`, each handed to the module that does it."""

from ..bindings.elastic_hal import crypto as wit
from . import (
    authentication,
    bare_encryption,
    derivations,
    encryption,
    hashes,
    key_making,
    public_encryption,
    signing,
    signing_streams,
)
from .aeads import AEADS
from .agreements import AGREEMENTS
from .ciphers import CIPHERS
from .derivation_schemes import DERIVATIONS
from .macs import MACS
from .nonces import NonceAllowance
from .signatures import SIGNATURES


class CryptoProvider:
    """The `crypto` interface for one run of a workload. Keys and contexts hold their own state; what all keys together
    may hold of the host's memory is bounded here.
    """

    def __init__(self) -> None:
        self._nonce_allowance = NonceAllowance()

    def Key_generate(self, algorithm: wit.KeyAlgorithm, usage: wit.KeyUsage, exportable: bool) -> wit.Key:
        """Make a new key."""
        return key_making.generate(algorithm, usage, exportable=exportable)

    def Key_import_key(
        self,
        algorithm: wit.KeyAlgorithm,
        format: wit.KeyFormat,
        material: bytes,
        usage: wit.KeyUsage,
        exportable: bool,
    ) -> wit.Key:
        """Make a key from material."""
        return key_making.import_key(algorithm, format, material, usage, exportable=exportable)

    def Hasher_start(self, algorithm: wit.HashAlgorithm) -> wit.Hasher:
        """Start a hash calculation."""
        return hashes.Hasher(algorithm)

    def MacContext_start(self, key: wit.Key) -> wit.MacContext:
        """Start a MAC calculation."""
        return authentication.MacContext(key)

    def Signer_start(self, key: wit.Key) -> wit.Signer:
        """Start a signature."""
        return signing_streams.Signer(key)

    def Verifier_start(self, key: wit.Key) -> wit.Verifier:
        """Start the verification of a signature."""
        return signing_streams.Verifier(key)

    def Encryptor_start(self, key: wit.Key) -> wit.Encryptor:
        """Start to encrypt under an IV of the host's choice."""
        return bare_encryption.Encryptor(key, None, self._nonce_allowance)

    def Encryptor_start_with_iv(self, key: wit.Key, iv: bytes) -> wit.Encryptor:
        """Start to encrypt under an IV of the caller's choice."""
        return bare_encryption.Encryptor(key, iv, self._nonce_allowance)

    def Decryptor_start(self, key: wit.Key, iv: bytes) -> wit.Decryptor:
        """Start to decrypt."""
        return bare_encryption.Decryptor(key, iv)

    def HpkeSender_start(self, key: wit.Key, info: bytes) -> wit.HpkeSender:
        """Start to send."""
        return public_encryption.HpkeSender(key, info)

    def HpkeRecipient_start(self, key: wit.Key, encapsulated: bytes, info: bytes) -> wit.HpkeRecipient:
        """Start to receive."""
        return public_encryption.HpkeRecipient(key, encapsulated, info)

    def supported_algorithms(self) -> wit.Algorithms:
        """List what is served: the tables that the calls themselves use."""
        return wit.Algorithms(
            hash=list(hashes.HASHES),
            mac=list(MACS),
            aead=list(AEADS),
            signature=list(SIGNATURES),
            cipher=list(CIPHERS),
            encryption=list(public_encryption.ENCRYPTIONS),
            agreement=list(AGREEMENTS),
            derivation=list(DERIVATIONS),
        )

    def hash(self, algorithm: wit.HashAlgorithm, data: bytes) -> bytes:
        """Hash at once."""
        return hashes.digest(algorithm, data)

    def compute_mac(self, key: wit.Key, data: bytes) -> bytes:
        """Calculate a MAC at once."""
        return authentication.compute(key, data)

    def verify_mac(self, key: wit.Key, data: bytes, tag: bytes) -> None:
        """Verify a MAC at once."""
        authentication.verify(key, data, tag)

    def aead_encrypt(self, key: wit.Key, plaintext: bytes, associated_data: bytes) -> wit.Encrypted:
        """Encrypt under a nonce of the host's choice."""
        return encryption.encrypt(key, plaintext, associated_data)

    def aead_encrypt_with_nonce(self, key: wit.Key, nonce: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
        """Encrypt under a nonce of the caller's choice."""
        return encryption.encrypt_with_nonce(key, nonce, plaintext, associated_data, self._nonce_allowance)

    def aead_decrypt(self, key: wit.Key, nonce: bytes, ciphertext: bytes, associated_data: bytes) -> bytes:
        """Verify and decrypt."""
        return encryption.decrypt(key, nonce, ciphertext, associated_data)

    def sign(self, key: wit.Key, message: bytes) -> bytes:
        """Sign a message."""
        return signing.sign(key, message)

    def verify(self, key: wit.Key, message: bytes, signature: bytes) -> None:
        """Verify a signature."""
        signing.verify(key, message, signature)

    def cipher_encrypt(self, key: wit.Key, plaintext: bytes) -> wit.CipherEncrypted:
        """Encrypt without authentication, under an IV of the host's choice."""
        return bare_encryption.encrypt(key, plaintext)

    def cipher_encrypt_with_iv(self, key: wit.Key, iv: bytes, plaintext: bytes) -> bytes:
        """Encrypt without authentication, under an IV of the caller's choice."""
        return bare_encryption.encrypt_with_iv(key, iv, plaintext, self._nonce_allowance)

    def cipher_decrypt(self, key: wit.Key, iv: bytes, ciphertext: bytes) -> bytes:
        """Decrypt without authentication."""
        return bare_encryption.decrypt(key, iv, ciphertext)

    def oaep_encrypt(self, key: wit.Key, plaintext: bytes, label: bytes) -> bytes:
        """Encrypt with RSAES-OAEP."""
        return public_encryption.oaep_encrypt(key, plaintext, label)

    def oaep_decrypt(self, key: wit.Key, ciphertext: bytes, label: bytes) -> bytes:
        """Decrypt with RSAES-OAEP."""
        return public_encryption.oaep_decrypt(key, ciphertext, label)

    def hpke_encrypt(self, key: wit.Key, info: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
        """Encrypt one message with HPKE."""
        return public_encryption.hpke_encrypt(key, info, plaintext, associated_data)

    def hpke_decrypt(self, key: wit.Key, info: bytes, ciphertext: bytes, associated_data: bytes) -> bytes:
        """Decrypt one message with HPKE."""
        return public_encryption.hpke_decrypt(key, info, ciphertext, associated_data)

    def agree(
        self,
        key: wit.Key,
        peer: wit.Key,
        derivation: wit.DerivationAlgorithm,
        usage: wit.KeyUsage,
        exportable: bool,
    ) -> wit.Key:
        """Agree on a secret."""
        return derivations.agree(key, peer, derivation, usage, exportable=exportable)

    def derive_key(
        self,
        key: wit.Key,
        salt: bytes,
        info: bytes,
        algorithm: wit.KeyAlgorithm,
        usage: wit.KeyUsage,
        exportable: bool,
    ) -> wit.Key:
        """Derive a key."""
        return derivations.derive_key(key, salt, info, algorithm, usage, exportable=exportable)

    def derive_bits(self, key: wit.Key, salt: bytes, info: bytes, length: int) -> bytes:
        """Derive bytes."""
        return derivations.derive_bits(key, salt, info, length)
