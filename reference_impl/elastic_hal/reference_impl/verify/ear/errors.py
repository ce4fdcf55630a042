"""Why an attestation result is refused."""


class ResultError(Exception):
    """The attestation result cannot be believed or read. The text is the reason."""
