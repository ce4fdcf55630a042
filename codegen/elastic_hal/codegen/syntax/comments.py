"""What comments say as documentation: the text without its marks and without the indentation that all of it shares.

Every comment right before an item documents it, those with two slashes too: that is how the reference tool reads WIT.
"""

from __future__ import annotations

from collections.abc import Sequence


def text_of_comments(comments: Sequence[str]) -> str:
    """The documentation that a sequence of comments makes, a line for each (block comments may have several)."""
    bodies = [_body(comment) for comment in comments]
    # White space of any kind counts, line breaks of a block too, but only spaces are taken away.
    shared = " " * min((len(body) - len(body.lstrip(" \t\r\n")) for body in bodies if body), default=0)
    return "\n".join(body.removeprefix(shared) for body in bodies).replace("\r\n", "\n").rstrip("\n")


def comments_of_text(docs: str) -> list[str]:
    """Comments that make exactly this documentation: `///` for each line, or one block comment where that is needed.

    A block comment is one entry of the list, line breaks and all: indenting its lines would change what it says.
    """
    lines = [f"/// {line}".rstrip() for line in docs.split("\n")]
    block = [f"/**{docs}*/"] if text_of_comments([f"/**{docs}*/"]) == docs else [f"/** {docs} */"]
    is_unsafe = "/*" in docs or "*/" in docs or docs.endswith("/") or docs.startswith(("*", "/"))
    return lines if is_unsafe or text_of_comments(lines) == docs else block


def _body(comment: str) -> str:
    if comment.startswith("/**") and len(comment) > 4:
        body = comment[3:-2]
    elif comment.startswith("/**"):
        body = ""
    else:
        body = comment.lstrip("/")
    return body.rstrip()
