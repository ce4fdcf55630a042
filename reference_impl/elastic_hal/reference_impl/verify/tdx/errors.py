"""What goes wrong while a quote and its collateral are read."""


class TdxError(Exception):
    """The bytes are not what they must be. The text says where and why."""
