"""What a name may look like: words of letters and digits with single hyphens between them."""

from __future__ import annotations


def problem_of_name(name: str) -> str | None:
    """What is wrong with a name, as a phrase for a message; None where nothing is."""
    words = name.split("-")
    if not words[0] or not words[0][0].isascii() or not words[0][0].isalpha():
        return "it must begin with an ASCII letter"
    for word in words:
        if not word:
            return "there must be letters or digits on both sides of each `-`"
        for character in word:
            if not (character.isascii() and character.isalnum()):
                return f"{character!r} is neither an ASCII letter, a digit nor `-`"
        if word != word.lower() and word != word.upper():
            return f"letters of the word `{word}` must be all lower case or all upper case"
    return None


def kebab_suggestion(name: str) -> str | None:
    """The valid name that `name` was probably meant to be, or None."""
    words: list[str] = []
    previous = ""
    for character in name.strip("_-"):
        if character in "_-":
            words.append("-")
        elif character.isupper() and (previous.islower() or previous.isdigit()):
            words.append("-" + character.lower())
        else:
            words.append(character.lower())
        previous = character
    candidate = "".join(words)
    while "--" in candidate:
        candidate = candidate.replace("--", "-")
    return candidate if candidate != name and problem_of_name(candidate) is None else None
