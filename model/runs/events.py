"""The event file of a run, one JSON object a line."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class EventLog:
    """Appends events to a file, one JSON object a line, flushed so that readers see each at once."""

    def __init__(self, path: Path):
        """Open the file; a line that an earlier writer left half-written is closed first."""
        broken = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
        self._file = path.open("a", encoding="utf-8")
        if broken:
            self._file.write("\n")

    def write(self, event: str, **fields: Any) -> None:
        """Append one event; `time` is added, in UTC to the millisecond. Raises ValueError for what is no number."""
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"event": event, "time": stamp} | fields, allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()
