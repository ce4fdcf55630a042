"""What the linker connects guests to: the functions of `crypto`, each handed to the module that does it."""

from ..bindings.elastic_hal import crypto as wit
from . import authentication, encryption, hashes, key_making, signing
from .aeads import AEADS
from .macs import MACS
from .signatures import SIGNATURES


class CryptoProvider:
    """The `crypto` interface. It has no state: keys and contexts hold theirs."""

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

    def supported_algorithms(self) -> wit.Algorithms:
        """List what is served: the tables that the calls themselves use."""
        return wit.Algorithms(hash=list(hashes.HASHES), mac=list(MACS), aead=list(AEADS), signature=list(SIGNATURES))

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
        return encryption.encrypt_with_nonce(key, nonce, plaintext, associated_data)

    def aead_decrypt(self, key: wit.Key, nonce: bytes, ciphertext: bytes, associated_data: bytes) -> bytes:
        """Verify and decrypt."""
        return encryption.decrypt(key, nonce, ciphertext, associated_data)

    def sign(self, key: wit.Key, message: bytes) -> bytes:
        """Sign a message."""
        return signing.sign(key, message)

    def verify(self, key: wit.Key, message: bytes, signature: bytes) -> None:
        """Verify a signature."""
        signing.verify(key, message, signature)
