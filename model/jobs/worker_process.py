"""Worker processes: start one cold or warm, send it commands, close its stdin."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from model.training.commands import Command

ROOM_KB = 1_500_000  # of free memory; a worker takes about 700 MB
_PROJECT = Path(__file__).parent.parent.parent


def _spawn(folder: Path) -> subprocess.Popen:
    """Start a worker on a run folder."""
    with (folder / "worker.log").open("ab") as log:
        return _process(["--run", str(folder.resolve())], log)


def _spawn_warm() -> subprocess.Popen:
    """Start a worker that waits for its run; it writes a log as soon as it has one."""
    return _process(["--warm"], subprocess.DEVNULL)


def _process(arguments: list[str], log: IO[bytes] | int) -> subprocess.Popen:
    """Start `python -m model train`, deaf to the terminal's Ctrl-C: it ends when its stdin does."""
    return subprocess.Popen(
        [sys.executable, "-m", "model", "train", *arguments, "--control"],
        cwd=_PROJECT,
        env=os.environ | _absolute("DIGIT_LAB_DATA", "DIGIT_LAB_CACHE", "DIGIT_LAB_HOME", "KERAS_HOME"),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _has_room(meminfo: Path = Path("/proc/meminfo")) -> bool:
    """Tell whether a waiting worker would leave enough memory; yes where it can't be known."""
    try:
        fields = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        return int(fields["MemAvailable"].split()[0]) >= ROOM_KB
    except (OSError, KeyError, ValueError, IndexError):
        return True


def _absolute(*names: str) -> dict[str, str]:
    """A relative path in the environment was meant from the server's folder, not from the worker's."""
    return {name: str(Path(os.environ[name]).expanduser().resolve()) for name in names if os.environ.get(name)}


def _send(process: subprocess.Popen, command: Command) -> None:
    with suppress(OSError, ValueError):  # it may just have ended or been hung up on; its run folder tells how
        process.stdin.write(command.to_json().encode() + b"\n")
        process.stdin.flush()


def _hang_up(process: subprocess.Popen) -> None:
    with suppress(OSError):  # the same
        process.stdin.close()
