"""Download files within a time limit, for pooch to verify. requests is imported only when it is needed."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.messages import Message

Progress = Callable[[int, int], None]  # bytes received, bytes in total

CONNECT_LIMIT = 5.0  # seconds
SILENCE_LIMIT = 10.0  # seconds without one byte


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
    """A failed download; `reason` is a whole sentence."""

    def __init__(self, reason: Message):
        super().__init__(str(reason))
        self.reason = reason


class _Download:
    """Downloads the files of one dataset for pooch, within one time limit.

    pooch's own downloader checks the time after each full block of bytes, so a server that only sends a byte now and
    then can delay it far beyond any limit. This one checks after every read from the socket.
    """

    def __init__(self, remotes: Sequence[Remote], time_limit: float, progress: Progress | None):
        self.limit = time_limit
        self.deadline = time.monotonic() + time_limit
        self.total = sum(remote.size for remote in remotes)
        self.finished = self.received = 0  # bytes of the previous files, bytes of this file
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
        # identity: the hash belongs to the file on the server, not to a proxy's compressed version.
        headers, timeout = {"Accept-Encoding": "identity"}, (CONNECT_LIMIT, patience)
        expected = self.total
        try:
            with requests.get(url, stream=True, headers=headers, timeout=timeout) as response:
                if not response.ok:
                    raise _BrokenDownloadError(
                        Message("The server responded with status {status}.", {"status": response.status_code})
                    )
                expected = int(response.headers.get("content-length", self.total))
                while chunk := response.raw.read1(1 << 16, decode_content=False):
                    yield chunk
                    if time.monotonic() > self.deadline:
                        values = {"limit": self.limit, "received": self.received, "expected": expected}
                        raise _BrokenDownloadError(
                            Message("It took longer than {limit:g} s ({received:,} of {expected:,} bytes).", values)
                        )
        except requests.ConnectionError as error:
            raise _BrokenDownloadError(Message("There is no connection to the server.")) from error
        except (requests.Timeout, ReadTimeoutError) as error:
            values = {"seconds": patience, "received": self.received, "expected": expected}
            raise _BrokenDownloadError(
                Message(
                    "The server stopped responding for {seconds:.2g} s ({received:,} of {expected:,} bytes).", values
                )
            ) from error
        except (requests.RequestException, HTTPError, ValueError) as error:
            values = {"received": self.received, "expected": expected}
            raise _BrokenDownloadError(
                Message("The connection was lost ({received:,} of {expected:,} bytes).", values)
            ) from error
