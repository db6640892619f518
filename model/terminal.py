"""Terminals and pipes: characters that they can show, tables, and an end without a traceback.

Knows streams and text; knows nothing of networks or runs.
"""

import codecs
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

CLOSED_PIPE, INTERRUPTED = 141, 130  # exit codes, as shells have them for SIGPIPE and SIGINT

_PLAIN = {"…": "...", "×": "x", "−": "-", "–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "→": "->"}


def accept_every_character() -> None:
    """Let stdout and stderr replace characters that the terminal's encoding lacks, instead of raising an error."""
    codecs.register_error("digit-lab", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="digit-lab")


@contextmanager
def one_line_endings() -> Iterator[None]:
    """End the program quietly if stdout's reader has left or somebody presses Ctrl-C, with a shell's exit code."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError as error:
        with Path(os.devnull).open("w") as nowhere:  # Python flushes stdout once more at exit
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise SystemExit(CLOSED_PIPE) from error
    except KeyboardInterrupt as error:
        print(file=sys.stderr)  # the terminal shows ^C without a line break
        raise SystemExit(INTERRUPTED) from error


def table(rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> list[str]:
    """Return rows of cells as lines whose columns are as wide as their widest cell; columns in `numbers` end flush.

    >>> table([("class", "support"), ("tram", "7"), ("電車", "1,000")], numbers=[1])
    ['class  support', 'tram         7', '電車     1,000']
    """
    cells = [list(row) for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        space = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        padded = (space[i] + cell if i in numbers else cell + space[i] for i, cell in enumerate(row))
        lines.append("  ".join(padded).rstrip())
    return lines


def _width(text: str) -> int:
    """Return the number of columns that text takes in a terminal: two for wide characters, none for accents."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    plain = (_PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode() for character in missing)
    return "".join(plain), error.end
