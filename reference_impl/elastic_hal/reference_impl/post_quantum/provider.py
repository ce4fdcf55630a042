"""What the linker connects guests to: the functions of `post-quantum`, each handed to the module that does it."""

from ..bindings.elastic_hal import post_quantum as wit
from . import encapsulation, signatures


class PostQuantumProvider:
    """The `post-quantum` interface. It has no state: keys hold theirs."""

    def DecapsulationKey_generate(self, algorithm: wit.KemAlgorithm, exportable: bool) -> wit.DecapsulationKey:
        """Make a new key pair of a KEM."""
        return encapsulation.generate(algorithm, exportable=exportable)

    def DecapsulationKey_import_seed(
        self, algorithm: wit.KemAlgorithm, seed: bytes, exportable: bool
    ) -> wit.DecapsulationKey:
        """Make a key pair of a KEM from its seed."""
        return encapsulation.import_seed(algorithm, seed, exportable=exportable)

    def EncapsulationKey_import_key(self, algorithm: wit.KemAlgorithm, material: bytes) -> wit.EncapsulationKey:
        """Make a public key of a KEM."""
        return encapsulation.import_key(algorithm, material)

    def SigningKey_generate(self, algorithm: wit.PostQuantumSignature, exportable: bool) -> wit.SigningKey:
        """Make a new key pair for signatures."""
        return signatures.generate(algorithm, exportable=exportable)

    def SigningKey_import_seed(
        self, algorithm: wit.PostQuantumSignature, seed: bytes, exportable: bool
    ) -> wit.SigningKey:
        """Make a key pair for signatures from its seed."""
        return signatures.import_seed(algorithm, seed, exportable=exportable)

    def VerifyingKey_import_key(self, algorithm: wit.PostQuantumSignature, material: bytes) -> wit.VerifyingKey:
        """Make a public key for signatures."""
        return signatures.import_key(algorithm, material)
