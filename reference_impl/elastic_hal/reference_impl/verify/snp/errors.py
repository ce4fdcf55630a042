"""What is wrong with a report or with what came with it."""


class SnpError(Exception):
    """The bytes are not what AMD defines them to be. The text says where and why."""
