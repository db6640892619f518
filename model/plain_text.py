"""Texts and names from outside: what may become part of a page, a path or a terminal's output.

They come from links, uploads, components in the browser, and files that another program wrote. Knows only strings.
"""

import re
import unicodedata
from typing import TypeGuard

MAX_NAME = 100  # characters of the name of a dataset
# What leads out of a folder, or can't be part of a file's name everywhere.
_NOT_IN_NAMES = re.compile(r"""\.\.|[/\\:*?"<>|]|^[\s.~-]|\s$""")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
# Reverse the direction of the text after them.
_DIRECTION_MARKS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


def readable(text: str) -> str:
    """Return `text` in one line, with spaces for characters that control a terminal or can't be encoded.

    >>> readable("two\\nlines\\x1b[2J" + chr(0xD800))
    'two lines [2J '
    """
    return "".join(" " if _is_control(character) else character for character in text)


def is_readable(text: str) -> bool:
    """Return whether `text` is one line without control characters."""
    return readable(text) == text


def is_name(text: object) -> TypeGuard[str]:
    """Return whether `text` can name a dataset: up to 100 printable characters, as files of all languages have them.

    Slashes, two dots and all that a file can't be named with anywhere are excluded.

    >>> is_name("our letters (2)"), is_name("Blätter"), is_name("../letters"), is_name("a..b")
    (True, True, False, False)
    """
    is_text = isinstance(text, str) and 0 < len(text) <= MAX_NAME and text.isprintable()
    return is_text and not _NOT_IN_NAMES.search(str(text))


def is_id(text: object) -> TypeGuard[str]:
    """Return whether `text` can be the id of a run, or the name of a preset or file in it.

    >>> is_id("20261120-153012-dense-128"), is_id("dense 128"), is_id("..")
    (True, False, False)
    """
    return isinstance(text, str) and bool(_ID.fullmatch(text))


def _is_control(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in _DIRECTION_MARKS
    )
