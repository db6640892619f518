"""The app's side of training: starts worker processes, queues what must wait, passes commands on.

Knows processes and the run store; knows no Keras and no Streamlit. The worker's whole answer is its run folder.
"""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from model.control import STOP, Command
from model.errors import RunError
from model.records import TrainingConfig
from model.runs import Run, RunStore

IDLE_S = 600.0  # a warm worker's patience
ROOM_KB = 1_500_000  # of free memory; a worker takes about 700 MB
_PROJECT = Path(__file__).parent.parent


@dataclass
class _Job:
    run_id: str
    process: subprocess.Popen | None = None  # None while it waits in the queue


class JobManager:
    """At most `max_trainings` workers at a time; the others wait in the order they came. Safe between threads."""

    def __init__(self, store: RunStore, max_trainings: int = 1, max_waiting: int = 20):
        """Start nothing yet."""
        self.store = store
        self._max, self._max_waiting = max_trainings, max_waiting
        self._jobs: list[_Job] = []
        self._ended: dict[str, float] = {}  # run id -> when; its heartbeat may look fresh for a while
        self._warm: subprocess.Popen | None = None  # a worker that has imported TensorFlow and waits for its run
        self._cooling: threading.Timer | None = None
        self._lock = threading.Lock()
        self._closed = False

    def start(self, config: TrainingConfig) -> Run:
        """Create a run and train it, at once or when its turn comes."""
        self._check_room()
        run = self.store.create(config)
        self._enqueue(run.id)
        return run

    def warm_up(self) -> None:
        """Have a worker ready soon, so that a training that starts shows its first point at once.

        It waits `IDLE_S` seconds for a run and then gives its memory back. None is started beside a training, where
        the machine is short of memory, or where DIGIT_LAB_WARM is 0.
        """
        with self._lock:
            if self._closed or self._jobs or os.environ.get("DIGIT_LAB_WARM") == "0" or not _has_room():
                return
            if not self._warm or self._warm.poll() is not None:
                with suppress(OSError):  # the next training will start cold, and tell
                    self._warm = _spawn_warm()
            if self._cooling:
                self._cooling.cancel()
            self._cooling = threading.Timer(IDLE_S, self._cool_down)
            self._cooling.daemon = True
            self._cooling.start()

    def _cool_down(self) -> None:
        with self._lock:
            warm, self._warm = self._warm, None
        if warm:
            _hang_up(warm)
            warm.wait()

    def resume(self, run_id: str) -> None:
        """Go on with an interrupted run. Raises RunError for one that is complete or under way."""
        status = self.status(self.store.open(run_id))
        if status != "interrupted":
            raise RunError(f"Run {run_id} is {status}; expected an interrupted one, so start a new training instead.")
        self._enqueue(run_id)

    def tell(self, run_id: str, command: Command) -> None:
        """Pass a command to a running worker, or withdraw a queued run with `stop`. Silent where it has ended."""
        with self._lock:
            job = self._find(run_id)
            if job and not job.process and command.do == STOP:
                self._jobs.remove(job)
                self._ended[run_id] = time.time()
            elif job and job.process:
                _send(job.process, command)

    def status(self, run: Run) -> str:
        """Return the run's status as `Run.status` names it, or `queued`."""
        with self._lock:
            job = self._find(run.id)
            ended = self._ended.get(run.id, 0.0)
        if job and not job.process:
            return "queued"
        if job:
            return run.status(alive=job.process.poll() is None)
        return run.status(alive=None if run.last_sign_of_life() > ended else False)

    def place(self, run_id: str) -> int:
        """Return how many runs stand before a queued one, itself included; 0 when it does not wait."""
        with self._lock:
            waiting = [job.run_id for job in self._jobs if not job.process]
        return waiting.index(run_id) + 1 if run_id in waiting else 0

    def active(self) -> tuple[str, ...]:
        """Return the ids of the running and the queued runs, oldest first."""
        with self._lock:
            return tuple(job.run_id for job in self._jobs)

    def close(self, timeout_s: float = 10.0) -> None:
        """End every worker; each saves a checkpoint and can be resumed. May be called twice."""
        with self._lock:
            self._closed = True
            running = [job.process for job in self._jobs if job.process] + ([self._warm] if self._warm else [])
            self._warm = None
            self._jobs = [job for job in self._jobs if job.process]
        for process in running:
            _hang_up(process)
        for process in running:
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()

    def _check_room(self) -> None:
        with self._lock:
            waiting = sum(not job.process for job in self._jobs)
        if waiting >= self._max_waiting:
            raise RunError(
                f"{waiting} trainings are waiting; expected fewer than {self._max_waiting}, so try again later."
            )

    def _enqueue(self, run_id: str) -> None:
        with self._lock:
            if self._closed:
                raise RunError(
                    "The server is shutting down; expected a running one, so start the training again later."
                )
            if not self._find(run_id):
                self._jobs.append(_Job(run_id))
                self._ended.pop(run_id, None)
            self._start_waiting()

    def _find(self, run_id: str) -> _Job | None:
        return next((job for job in self._jobs if job.run_id == run_id), None)

    def _start_waiting(self) -> None:
        """Give free places to those who wait longest; the caller holds the lock."""
        while sum(job.process is not None for job in self._jobs) < self._max:
            job = next((job for job in self._jobs if not job.process), None)
            if job is None:
                return
            try:
                job.process = self._worker_for(self.store.home / job.run_id)
            except OSError:  # its folder is gone, or the system has no room; the next one must not wait for it
                self._jobs.remove(job)
                continue
            threading.Thread(target=self._await_end, args=(job,), name=f"await-{job.run_id}", daemon=True).start()

    def _worker_for(self, folder: Path) -> subprocess.Popen:
        """Give a run to the warm worker, or to a new one."""
        warm, self._warm = self._warm, None
        if warm and warm.poll() is None and folder.is_dir():
            with suppress(OSError):
                warm.stdin.write(json.dumps({"run": str(folder.resolve())}).encode() + b"\n")
                warm.stdin.flush()
                return warm
        return _spawn(folder)

    def _await_end(self, job: _Job) -> None:
        job.process.wait()
        with self._lock:
            self._jobs.remove(job)
            self._ended[job.run_id] = time.time()
            if not self._closed:
                self._start_waiting()


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
    with suppress(OSError):  # it may just have ended; its run folder tells how
        process.stdin.write(command.to_json().encode() + b"\n")
        process.stdin.flush()


def _hang_up(process: subprocess.Popen) -> None:
    with suppress(OSError):  # the same
        process.stdin.close()
