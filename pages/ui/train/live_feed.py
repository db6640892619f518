"""The changing part of a running training, built once for everybody who watches it: a small file that browsers fetch.

A script run per look and tab costs the server more than the training itself. So a page draws what stays, and its charts
and texts fetch what changes. Knows files and threads, but neither runs nor figures.
"""

import gzip
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

Contents = dict[str, Any]
Build = Callable[[str], Contents]

INTERVAL_S = 0.85  # a batch is on the screen within a second
_KEPT_S = 60.0  # the last file of a feed stays this long for those who haven't fetched it yet


class LiveFeed:
    """Keeps one file per name up to date, as long as something changes.

    `build` returns the contents for a name: plain values, with `seconds` until the next look, or 0 if nothing changes
    any more. It is called in the thread that asks, and then in a thread of the feed.
    """

    def __init__(self, build: Build, folder: Path):
        """Write files to `folder`."""
        self._build, self._folder = build, folder
        self._lock = threading.Lock()
        self._written: dict[str, str] = {}
        self._ended: dict[str, float] = {}  # when, by name
        self._thread: threading.Thread | None = None

    def follow(self, name: str) -> tuple[str, Contents]:
        """Return the file name of a feed and its contents now; from then on, the file is kept up to date."""
        with self._lock:
            self._ended.pop(name, None)
            self._written.setdefault(name, "")
            contents = self._refresh(name)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep_up, daemon=True)
                self._thread.start()
        return _file(name), contents

    def _keep_up(self) -> None:
        while True:
            begin = time.monotonic()
            with self._lock:
                intervals = [self._refresh(name)["seconds"] for name in list(self._written)]
                self._delete_ended()
                if not intervals and not self._ended:
                    self._thread = None
                    return
            interval = min(filter(None, intervals), default=INTERVAL_S)
            time.sleep(max(interval - (time.monotonic() - begin), 0.05))

    def _refresh(self, name: str) -> Contents:
        contents = self._build(name)
        text = json.dumps(contents, separators=(",", ":"))
        if text != self._written[name]:
            # Compressed here, once: the server would compress it for each visitor who fetches it.
            path = self._folder / _file(name)
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_bytes(gzip.compress(text.encode(), compresslevel=5, mtime=0))
            unfinished.replace(path)
            self._written[name] = text
        if not contents["seconds"]:
            del self._written[name]
            self._ended[name] = time.monotonic()
        return contents

    def _delete_ended(self) -> None:
        for name, when in list(self._ended.items()):
            if time.monotonic() - when > _KEPT_S:
                del self._ended[name]
                with suppress(OSError):
                    (self._folder / _file(name)).unlink(missing_ok=True)


def _file(name: str) -> str:
    return f"{name}.json.gz"
