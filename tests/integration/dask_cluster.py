"""A real Dask scheduler and real workers on this machine, each a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.support import wait_for

_QUIET = ["--no-dashboard"]


class DaskCluster:
    """A scheduler on a free port, and workers that train one run each; they log into `folder`."""

    def __init__(self, folder: Path, workers: int = 2, environment: dict[str, str] | None = None):
        self.folder, self.workers = folder, []
        self.environment = os.environ | {"DIGIT_LAB_WARM": "0", "OMP_NUM_THREADS": "1"} | (environment or {})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.start_scheduler()
        for _ in range(workers):
            self.add_worker()

    def start_scheduler(self) -> None:
        arguments = ["--host", "127.0.0.1", "--port", str(self.port), *_QUIET]
        self.scheduler = self._start("scheduler", arguments)
        wait_for(self.is_listening)

    def add_worker(self) -> None:
        local = self.folder / f"worker-{len(self.workers)}"
        arguments = [self.address, "--nthreads", "1", "--resources", "training=1", "--local-directory", str(local)]
        self.workers.append(self._start("worker", [*arguments, "--no-nanny", *_QUIET]))

    def is_listening(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def worker_of(self, run) -> subprocess.Popen:
        """Return the Dask worker whose child trains a run."""
        parent = int(Path(f"/proc/{trainer_of(run)}/stat").read_text().rpartition(")")[2].split()[1])
        return next(worker for worker in self.workers if worker.pid == parent)

    def pause_scheduler(self, paused: bool) -> None:
        self.scheduler.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, kind: str, arguments: list[str]) -> subprocess.Popen:
        # Not from the project's folder: a worker doesn't know where Digit Lab is.
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        with (self.folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)


def trainer_of(run) -> int:
    """Return the process id of the worker that trains a run, from its lock."""
    wait_for(lambda: (run.path / ".lock").exists() and (run.path / ".lock").read_text().startswith("process "))
    return int((run.path / ".lock").read_text().split()[1])
