"""The metadata that the app adds to a run: a name, a note, who may control it, and the search it belongs to.

Stored as label.json in the run folder. Visitors prove who they are by secret tokens; only fingerprints of these are
stored, so that reading the folder isn't enough to control the run. Knows one small file; knows nothing of trainings or
pages.
"""

import hmac
import json
import re
import threading
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from model.errors import RunError
from model.plain_text import is_id, readable
from model.runs.atomic_files import write_json

MAX_NAME, MAX_NOTE = 60, 500  # characters
_FILE = "label.json"
_FINGERPRINT = re.compile(r"([0-9a-f]{64})?")
_writing = threading.Lock()  # two visitors may write the same file


@dataclass(frozen=True)
class RunMetadata:
    """The name, note and owner of a run; empty texts if there are none.

    Control characters become spaces, and a name is a single line. Raises RunError if the name or the note is too long,
    or if a value isn't text, a fingerprint or an id.
    """

    name: str = ""  # at most 60 characters
    note: str = ""  # at most 500 characters, can have several lines
    tab: str = ""  # fingerprint of the tab's token
    browser: str = ""  # fingerprint of the browser's token
    group: str = ""  # id of the search that started the run as one of its trials: see `tuning`

    def __post_init__(self) -> None:
        for field, value in asdict(self).items():
            if not isinstance(value, str):
                raise RunError(
                    "The {field} of a run must be text, got {value}.", field=field, value=type(value).__name__
                )
        object.__setattr__(self, "name", " ".join(readable(self.name).split()))
        object.__setattr__(self, "note", "\n".join(map(readable, self.note.splitlines())).strip())
        _check_length("name", self.name, MAX_NAME)
        _check_length("note", self.note, MAX_NOTE)
        for field in ("tab", "browser"):
            if not _FINGERPRINT.fullmatch(getattr(self, field)):
                raise RunError("The {field} of a run must be a fingerprint of 64 hexadecimal digits.", field=field)
        if self.group and not is_id(self.group):
            raise RunError(
                "The {field} of a run must be an id of up to 81 letters, digits, dots, dashes or underscores.",
                field="group",
            )

    def controlled_by(self, tab_token: str) -> bool:
        """Return whether the tab with this token started the run; always False without metadata."""
        return _matches(tab_token, self.tab)

    def owned_by(self, tab_token: str, browser_token: str) -> bool:
        """Return whether the tab or the browser with these tokens started the run."""
        return self.controlled_by(tab_token) or _matches(browser_token, self.browser)


def fingerprint(token: str) -> str:
    """Return the SHA-256 of a secret token, in 64 hexadecimal digits, for storage; an empty text for an empty token."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest() if token else ""


def read(folder: Path) -> RunMetadata:
    """Return the metadata of a run folder; `NO_METADATA` if the file is missing or broken."""
    try:
        values = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return RunMetadata(**{field: values[field] for field in asdict(NO_METADATA) if field in values})
    except (OSError, ValueError, TypeError, RecursionError, RunError):
        return NO_METADATA


def write(folder: Path, new: RunMetadata) -> None:
    """Save metadata in a run folder, replacing any that is there. Raises OSError if it can't be written."""
    with _writing:
        write_json(folder / _FILE, asdict(new))


def _matches(token: str, stored: str) -> bool:
    return bool(token and stored) and hmac.compare_digest(fingerprint(token), stored)


def _check_length(field: str, value: str, most: int) -> None:
    if len(value) > most:
        raise RunError(
            "The {field} of a run must have at most {most} characters, got {n}. Shorten it.",
            field=field,
            most=most,
            n=len(value),
        )


NO_METADATA = RunMetadata()
