"""The bounds of the `tls` interface, which calls check and capabilities state."""

from typing import Final

from ..bounds import MAX_DATA_BYTES

MOST_CONNECTIONS: Final = 256
MOST_LISTENERS: Final = 16
MOST_WAITING_CLIENTS: Final = 64
MOST_HOST_BYTES: Final = 253
MOST_PROTOCOLS: Final = 16
MOST_PROTOCOL_BYTES: Final = 255
MOST_ROOTS: Final = 64
MOST_PUBLIC_KEYS: Final = 64
MOST_LABEL_BYTES: Final = 128
MOST_CONTEXT_BYTES: Final = 1024
MOST_EXPORTED_BYTES: Final = 1024
MOST_FILE_BYTES: Final = MAX_DATA_BYTES
MOST_PASSWORD_BYTES: Final = 1024
MOST_CERTIFICATES: Final = 16
MOST_HELD_CERTIFICATE_BYTES: Final = 16 * MAX_DATA_BYTES
MOST_NAME_BYTES: Final = 64
MOST_VALID_SECONDS: Final = 366 * 24 * 3600
MOST_HANDSHAKE_SECONDS: Final = 30.0
"""For the whole way of a client of ours: looking up, connecting, agreeing on keys."""
MOST_SILENT_SECONDS: Final = 5.0
"""From a client's TCP connection to the end of its first message."""
MOST_SERVER_HANDSHAKE_SECONDS: Final = 10.0
"""From there to the end of the handshake."""
MOST_HANDSHAKES: Final = 48
"""Handshakes with clients that go on at once at a listener. Fewer than a guest waits for, so that it gets the next."""
MOST_HANDSHAKES_OF_ADDRESS: Final = MOST_HANDSHAKES // 2
GRACE_SECONDS: Final = 1.0
"""What a handshake has in any case where others wait for its place."""
MOST_UNUSED_SECONDS: Final = 10.0
"""How long a connection that a client made and nobody used keeps its place where others wait for it."""
KEY_KINDS: Final = ("rsa", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "ed448")
