"""The Dask task of one training: it starts the same worker process as the app does, beside the Dask worker.

`train` and `deliver` run on a Dask worker, `train_on_worker` and `deliver_to_worker` carry them there: functions that
Dask pickles by value, because a `dask worker` doesn't know where Digit Lab is.
"""

import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from distributed import Status, get_worker

from model.jobs.supervision import Supervision
from model.jobs.worker_process import Launcher
from model.limits import Limits
from model.runs.atomic_files import write_json
from model.runs.run import Run
from model.training import endings
from model.training.commands import Command

_CHECK_S = 0.5  # between two looks at the task: whether its app server is still connected
_FILE = "worker.json"  # in the run folder: which task trained it last, and where

_running: dict[str, Supervision] = {}  # on this Dask worker, by the id of the run


def train_on_worker(project: str) -> Callable[..., str]:
    """Return `train`, for a worker that has Digit Lab in the folder `project`."""

    def train_run(*arguments: Any) -> str:
        import sys

        sys.path += [] if project in sys.path else [project]
        from model.jobs import cluster_task

        return cluster_task.train(*arguments)

    return train_run


def deliver_to_worker() -> Callable[[str, str], bool]:
    """Return `deliver`, for a worker that trains or has trained."""

    def deliver_command(run_id: str, line: str) -> bool:
        import sys

        task = sys.modules.get("model.jobs.cluster_task")
        return bool(task and task.deliver(run_id, line))

    return deliver_command


def train(folder: str, limits: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Train the run in `folder` to its end, and return why that wasn't possible, or "".

    `environment` has variables of the app server; DIGIT_LAB_HOME counts here, too, others unless they are set here.
    """
    worker, run = get_worker(), Run(Path(folder))
    key = str(worker.get_current_task())
    if not run.path.is_dir():
        return (
            f"The folder {folder} doesn't exist on {socket.gethostname()}. DIGIT_LAB_HOME must lie on storage that all "
            "machines share, under the same path."
        )
    if _last_task(run) == key:  # on a worker that has left since; Dask repeats its tasks
        endings.save_reason(run, endings.WORKER_LEFT, None)
        return ""
    launcher = Launcher()
    launcher.environment = {name: os.environ.get(name, value) for name, value in environment.items()} | {
        "DIGIT_LAB_HOME": environment["DIGIT_LAB_HOME"]
    }
    try:
        write_json(run.path / _FILE, {"task": key, "host": socket.gethostname(), "worker": worker.address})
        supervision = Supervision(run, lambda: launcher.spawn(run.path), Limits(**limits))
    except OSError as error:
        return f"The run can't be trained on {socket.gethostname()}: {error.strerror or error}."

    def is_wanted() -> bool:
        """Return whether the app server is connected, and this worker goes on."""
        task = worker.state.tasks.get(key)
        is_running = worker.status in (Status.running, Status.paused)
        return is_running and task is not None and task.state == "executing"

    _running[run.id] = supervision
    try:
        supervision.follow(is_wanted, _CHECK_S)
    finally:
        del _running[run.id]
    return ""


def deliver(run_id: str, line: str) -> bool:
    """Send a line of the worker protocol to a run in training; return False if it isn't in training here."""
    supervision = _running.get(run_id)
    if supervision:
        supervision.worker.send(Command.from_json(line))
    return supervision is not None


def _last_task(run: Run) -> str:
    try:
        return str(json.loads((run.path / _FILE).read_text(encoding="utf-8"))["task"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
