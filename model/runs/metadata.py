"""What the app knows of a run and the worker does not: its name, a note, and who may steer it.

Kept as label.json in the run folder. Of the secrets that prove who somebody is only fingerprints are kept, so that
nobody who reads the folder can steer the run. Knows one small file; knows nothing of trainings or pages.
"""

import hmac
import json
import re
import threading
import unicodedata
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from model.errors import RunError
from model.runs.atomic_files import write_json

MAX_NAME, MAX_NOTE = 60, 500  # characters
_FILE = "label.json"
_FINGERPRINT = re.compile(r"([0-9a-f]{64})?")
_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # turn the writing around, as of what follows
_writing = threading.Lock()  # two visitors may write the same label


@dataclass(frozen=True)
class RunMetadata:
    """A run's label; empty texts where nobody gave one.

    Control characters become blanks, and a name is one line. Raises RunError for a name or a note that is too long,
    and for what is no text or no fingerprint.
    """

    name: str = ""  # at most 60 characters
    note: str = ""  # at most 500 characters, may have lines
    tab: str = ""  # fingerprint of the tab's token
    browser: str = ""  # fingerprint of the browser's token

    def __post_init__(self) -> None:
        for field, value in asdict(self).items():
            if not isinstance(value, str):
                raise RunError(f"The {field} of a run came as {type(value).__name__}; expected a text.")
        object.__setattr__(self, "name", " ".join(_readable(self.name).split()))
        object.__setattr__(self, "note", "\n".join(map(_readable, self.note.splitlines())).strip())
        _check_length("name", self.name, MAX_NAME)
        _check_length("note", self.note, MAX_NOTE)
        for field in ("tab", "browser"):
            if not _FINGERPRINT.fullmatch(getattr(self, field)):
                raise RunError(f"The {field} of a run came as something else; expected a fingerprint of 64 hex digits.")

    def controlled_by(self, tab_token: str) -> bool:
        """Tell whether the tab that holds this token started the run; nobody did where the label is empty."""
        return _matches(tab_token, self.tab)

    def owned_by(self, tab_token: str, browser_token: str) -> bool:
        """Tell whether the tab or the browser that holds these tokens started the run."""
        return self.controlled_by(tab_token) or _matches(browser_token, self.browser)


def fingerprint(token: str) -> str:
    """Return what may be kept of a secret token: its SHA-256 in 64 hex digits; of an empty one the empty text."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest() if token else ""


def read(folder: Path) -> RunMetadata:
    """Return the label of a run folder; an empty one where it is missing or broken."""
    try:
        values = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return RunMetadata(**{field: values[field] for field in asdict(NO_METADATA) if field in values})
    except (OSError, ValueError, TypeError, RecursionError, RunError):
        return NO_METADATA


def write(folder: Path, label: RunMetadata) -> None:
    """Keep a label in a run folder, in place of the one that is there. Raises OSError where it can't be written."""
    with _writing:
        write_json(folder / _FILE, asdict(label))


def _matches(token: str, kept: str) -> bool:
    return bool(token and kept) and hmac.compare_digest(fingerprint(token), kept)


def _readable(line: str) -> str:
    return "".join(" " if _is_control(character) else character for character in line)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(character) in _TURNS


def _check_length(field: str, value: str, most: int) -> None:
    if len(value) > most:
        raise RunError(
            f"The {field} of a run came with {len(value)} characters; expected at most {most}, so shorten it."
        )


NO_METADATA = RunMetadata()
