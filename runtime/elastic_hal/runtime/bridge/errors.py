"""Why a component or a function stays without a bridge."""


class BridgeError(Exception):
    """No bridge can be built. Never an error for users: the component is used as it is."""


class UnreadableBinaryError(BridgeError):
    """A binary ends early or holds what this reader does not know."""


class UnsupportedTypeError(BridgeError):
    """A type that cannot be carried over a bridge."""
