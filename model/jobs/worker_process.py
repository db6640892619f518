"""Worker processes: start one cold or warm, send it commands, close its stdin."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from model.jobs import memory
from model.training.commands import Command

MIN_FREE = 1_500_000_000  # bytes of memory that are free before a worker waits; it takes about 700 MB
NICENESS = 5  # of a worker, above that of the server: a prediction for a visitor goes before the next batch
_LAST_OUTPUT = 2_000  # bytes of a log that are searched for its last line
PROJECT = Path(__file__).parent.parent.parent


class WorkerProcess:
    """One worker, with a pipe to its stdin."""

    def __init__(self, process: "subprocess.Popen[bytes]"):
        """Take a process whose stdin is a pipe."""
        self._process = process
        self._n_killed = memory.n_killed()

    def is_alive(self) -> bool:
        """Return whether the process is running."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the process ended: the negative number of a signal, or its own code; None while it is running."""
        return self._process.poll()

    def is_killed_for_memory(self) -> bool:
        """Return whether the system killed it, and has killed a process for lack of memory since it got its run."""
        now = memory.n_killed()
        was_killed = self.exit_code == -getattr(signal, "SIGKILL", 0)  # Windows has no such signal
        return was_killed and now is not None and now > (self._n_killed or 0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the process ends, for at most `timeout_s` seconds, and return whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        return not self.is_alive()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def send(self, command: Command) -> None:
        """Send a command. Does nothing if the process has just ended; its run folder shows how it ended."""
        with suppress(OSError, ValueError):
            self._write(command.to_json())

    def assign(self, folder: Path) -> bool:
        """Assign a run to a warm worker and return whether that worked."""
        if not self.is_alive() or not folder.is_dir():
            return False
        self._n_killed = memory.n_killed()
        try:
            self._write(json.dumps({"run": str(folder.resolve())}))
        except OSError:
            return False
        return True

    def close_stdin(self) -> None:
        """Signal that the app is exiting: the worker saves a checkpoint and ends."""
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()

    def _write(self, line: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()


class Launcher:
    """Starts worker processes. Tests replace it."""

    environment: Mapping[str, str] = {}  # variables that a worker gets besides those of this process

    def spawn(self, folder: Path) -> WorkerProcess:
        """Start a worker on a run folder. Raises OSError if that isn't possible."""
        with (folder / "worker.log").open("ab") as log:
            return _start(["--run", str(folder.resolve())], log, self.environment)

    def spawn_warm(self) -> WorkerProcess:
        """Start a worker that waits for its run and then writes a log. Raises OSError if that isn't possible."""
        return _start(["--warm"], subprocess.DEVNULL, self.environment)

    def may_spawn_warm(self) -> bool:
        """Return whether there is enough memory for a warm worker and DIGIT_LAB_WARM isn't 0."""
        return os.environ.get("DIGIT_LAB_WARM") != "0" and memory.read().available >= MIN_FREE


def _start(arguments: list[str], log: IO[bytes] | int, environment: Mapping[str, str]) -> WorkerProcess:
    """Start `python -m model train` in a new session, so that Ctrl-C doesn't reach it; it ends when its stdin does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "model", "train", *arguments, "--control"],
        cwd=PROJECT,
        env=os.environ
        | absolute("DIGIT_LAB_DATA", "DIGIT_LAB_CACHE", "DIGIT_LAB_HOME", "KERAS_HOME")
        | dict(environment),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    _let_visitors_go_first(process.pid)
    return WorkerProcess(process)


def _let_visitors_go_first(pid: int) -> None:
    """Raise the niceness of a worker that was just started, before it has other threads: they inherit it."""
    with suppress(AttributeError, OSError):  # Windows has no niceness; the process may have ended
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    # Linux may divide processor time among sessions first: then niceness counts only inside the worker's own session.
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS), encoding="ascii")


def last_output(folder: Path) -> str:
    """Return the last line that a worker wrote to its log; an empty text if there is none."""
    with suppress(OSError):
        with (folder / "worker.log").open("rb") as log:
            log.seek(max(log.seek(0, os.SEEK_END) - _LAST_OUTPUT, 0))
            lines = log.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
    return ""


def absolute(*names: str) -> dict[str, str]:
    """Return variables with absolute paths: relative ones start from the folder of the server, not of the worker."""
    return {name: str(Path(os.environ[name]).expanduser().resolve()) for name in names if os.environ.get(name)}
