"""Downloads files within a time limit, for pooch to verify. requests is imported only when something is fetched."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[int, int], None]  # bytes done, bytes in total

CONNECT_LIMIT = 5.0  # seconds
SILENCE_LIMIT = 15.0  # seconds without one byte


@dataclass(frozen=True)
class Remote:
    """One file of a download."""

    url: str
    sha256: str
    size: int  # bytes

    @property
    def file(self) -> str:
        """The file's name."""
        return self.url.rsplit("/", 1)[-1]


class _BrokenDownloadError(Exception):
    """The reason why a download failed, as the middle of a sentence."""


class _Download:
    """Fetches the files of one dataset for pooch, within one time limit.

    pooch's own downloader checks the time after each full block of bytes, so that a server that sends a byte now and
    then delays it far beyond any limit. This one checks after every read from the socket.
    """

    def __init__(self, remotes: Sequence[Remote], time_limit: float, progress: Progress | None):
        self.limit = time_limit
        self.deadline = time.monotonic() + time_limit
        self.total = sum(remote.size for remote in remotes)
        self.finished = self.received = 0  # bytes of the files before, bytes of this file
        self.progress = progress or (lambda done, total: None)

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        self.received = 0
        with Path(output_file).open("wb") as file:
            for chunk in self._chunks(url):
                file.write(chunk)
                self.received += len(chunk)
                self.progress(min(self.finished + self.received, self.total), self.total)

    def finish(self, remote: Remote) -> None:
        self.finished += remote.size
        self.progress(self.finished, self.total)

    def _chunks(self, url: str) -> Iterator[bytes]:
        import requests
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        patience = max(0.1, min(SILENCE_LIMIT, self.deadline - time.monotonic()))
        # identity: the hash is of the file on the server, not of a proxy's compressed version.
        headers, timeout = {"Accept-Encoding": "identity"}, (CONNECT_LIMIT, patience)
        progress = "no bytes"
        try:
            with requests.get(url, stream=True, headers=headers, timeout=timeout) as response:
                if not response.ok:
                    raise _BrokenDownloadError(f"the server answered {response.status_code}")
                expected = int(response.headers.get("content-length", self.total))
                while chunk := response.raw.read1(1 << 16, decode_content=False):
                    yield chunk
                    progress = f"{self.received:,} of {expected:,} bytes"
                    if time.monotonic() > self.deadline:
                        raise _BrokenDownloadError(f"it took longer than {self.limit:g} s ({progress} came)")
        except requests.ConnectionError as error:
            raise _BrokenDownloadError("no connection") from error
        except (requests.Timeout, ReadTimeoutError) as error:
            raise _BrokenDownloadError(f"the server fell silent for {patience:.2g} s after {progress}") from error
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise _BrokenDownloadError(f"the connection ended after {progress}") from error
