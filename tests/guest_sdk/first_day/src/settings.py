"""Imported when it is wanted."""

ANSWER = 42
