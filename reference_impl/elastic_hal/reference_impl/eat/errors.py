"""The one error of evidence that cannot be read."""


class EvidenceError(ValueError):
    """The bytes are not evidence in the documented form. The text says which part is wrong."""
