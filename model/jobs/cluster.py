"""Trainings on a Dask cluster: each is a task with the resource `training` on any machine that shares the runs' folder.

What is queued and running is known to the scheduler (`board`), so all app servers see the same and share one queue. An
app server submits its own trainings: when it exits or disconnects, Dask drops their tasks, and their workers save a
checkpoint and end. Time and disk limits are checked beside each worker (`cluster_task`).
"""

import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future as ConnectionAttempt
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from distributed import Client, Future

from model.errors import ConfigError, RunError, SchedulerError
from model.jobs import board, cluster_task
from model.jobs.executor import Training
from model.jobs.worker_process import PROJECT, absolute
from model.limits import Limits
from model.runs.events import InterruptedEvent
from model.runs.run import Run
from model.runs.store import RunStore
from model.training import endings
from model.training.commands import Command, CommandName

ANSWER_S = 5.0  # after which a scheduler doesn't answer
_LOOK_S = 0.5  # between two looks at the board
_RECONNECT_S = 2.0  # between two attempts in the background
_RETRY_S = 0.1
_JUST_NOW_S = 0.5
_SETTLE_S = 1.0
_RESERVED = "?"  # first character of the id of a place that has no run yet
_NO_LIMIT = 1_000_000
# A lost connection is one line in the server's log, not several tracebacks.
logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
_ADDRESS = re.compile(r"(?:tcp|tls)://\[?([^\[\]/\s]+)\]?:([0-9]{1,5})")


class ClusterExecutor:
    """Runs trainings on the workers of a Dask scheduler: see `Executor`."""

    def __init__(self, address: str, store: RunStore, limits: Limits):
        """Connect in the background. Raises ConfigError if the address isn't one."""
        found = _ADDRESS.fullmatch(address)
        if not found:
            raise ConfigError(
                "{name} must be an address such as tcp://host:8786, got {value!r}.",
                name="DIGIT_LAB_SCHEDULER",
                value=address[:80],
            )
        self._address, self._host, self._port = address, found[1], int(found[2])
        self._store, self._limits = store, limits
        self._client: Client | None = None
        self._attempt: ConnectionAttempt[Client] | None = None  # to connect, while it goes on
        self._slots, self._trainings = 0, ()  # type: int, tuple[Training, ...]
        self._mine: dict[str, Future | None] = {}  # run id -> its task; None while it waits
        self._is_new = False  # connected since the last look: the scheduler may have forgotten what waits
        self._connecting, self._looking = threading.RLock(), threading.RLock()
        self._failed_at = -ANSWER_S  # when the last attempt to connect failed, by the monotonic clock
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="cluster", daemon=True).start()

    def slots(self) -> int:
        """Return how many trainings the workers can run at the same time."""
        return self._slots

    def trainings(self) -> tuple[Training, ...]:
        """Return the trainings of all app servers, oldest first, as of half a second ago."""
        return self._trainings

    @contextmanager
    def room(self) -> Iterator[Callable[[str], None]]:
        """Hold a place for a run, against all app servers, and return the function that adds it."""
        if self._closed.is_set():
            raise RunError("The server is shutting down. Start the training again later.")
        token = _RESERVED + uuid4().hex
        waiting = self._call("reserve", token=token, client=self._connected().id, waiting=self._limits.waiting)
        if waiting >= 0:
            raise RunError("The queue is full ({n} waiting). Try again later.", n=waiting)
        try:
            self._look()  # to make room for the run, one has to know what is in use on all servers
            yield partial(self._add, token)
        finally:
            with suppress(SchedulerError):
                self._call("fill", token=token, run="")  # if it still has no run

    def refresh(self, run_id: str) -> None:
        """Look at the board again, for a run whose events have ended until the scheduler has noticed, too."""
        deadline = time.monotonic() + _SETTLE_S
        self._look()
        while any(training.run_id == run_id for training in self._trainings) and time.monotonic() < deadline:
            if _is_going_on(Run(self._store.home / run_id)):
                return
            time.sleep(_RETRY_S)
            self._look()

    def send(self, run_id: str, command: Command) -> None:
        """Send a command to a worker, wherever it is; `stop` also removes a queued run."""
        if command.do == CommandName.STOP and self._call("leave", run=run_id):
            self._look()
            return
        is_queued = any(training.run_id == run_id and training.is_queued for training in self._trainings)
        if is_queued and command.do != CommandName.STOP:
            return
        deadline = time.monotonic() + ANSWER_S
        while (address := self._call("find", run=run_id)) != "-":
            if address and self._deliver(address, run_id, command):
                return
            if time.monotonic() > deadline:
                raise self._no_answer()
            time.sleep(_RETRY_S)  # its task hasn't started the worker yet

    def seconds_held(self, run_id: str) -> float:
        """Estimate for how many seconds a run has trained, by the clock of the machine that trains it."""
        started = Run(self._store.home / run_id).history().worker_started
        is_running = any(training.run_id == run_id and not training.is_queued for training in self._trainings)
        return max(time.time() - started, 0.0) if started and is_running else 0.0

    def ended_at(self, run_id: str) -> float | None:
        """Return None: all servers see in its events when a run has ended."""
        return None

    def check_limits(self) -> None:
        """Do nothing: each task checks the limits beside its worker."""

    def warm_up(self) -> None:
        """Do nothing: this machine doesn't train."""

    def processes(self) -> dict[str, int]:
        """Return no processes: they are on other machines."""
        return {}

    def close(self, timeout_s: float) -> None:
        """Give up the trainings that were added here, and wait until their workers have saved them."""
        self._closed.set()
        with self._looking:
            runs = [Run(self._store.home / run_id) for run_id, task in self._mine.items() if task is not None]
            self._mine.clear()
            self._disconnect()
            self._trainings = ()
        deadline = time.monotonic() + timeout_s
        while any(_is_going_on(run) for run in runs) and time.monotonic() < deadline:
            time.sleep(_RETRY_S)

    # The connection

    def _watch(self) -> None:
        """Look at the board again and again, and report in the server's log when the scheduler falls silent."""
        answers = True
        while not self._closed.wait(_LOOK_S):
            try:
                self._look()
                answers = True
            except SchedulerError as error:
                if answers and not self._closed.is_set():
                    print(error, file=sys.stderr)
                answers = False
                self._closed.wait(_RECONNECT_S)

    def _connected(self) -> Client:
        """Return the client, connected. Raises SchedulerError after five seconds."""
        client = self._client
        if client is not None and client.status == "running":
            return client
        if not self._connecting.acquire(timeout=ANSWER_S):
            raise self._no_answer()
        try:
            client = self._client
            if client is not None and client.status == "running":
                return client
            self._disconnect()
            # Another thread may have tried until now.
            if self._closed.is_set() or time.monotonic() - self._failed_at < _JUST_NOW_S:
                raise self._no_answer()
            return self._connect()
        finally:
            self._connecting.release()

    def _connect(self) -> Client:
        """Return a new client. Raises SchedulerError after five seconds."""
        deadline = time.monotonic() + ANSWER_S
        try:
            if self._attempt is None:
                # At once and without a thread: usually, nobody listens there.
                socket.create_connection((self._host, self._port), ANSWER_S).close()
                self._attempt = ConnectionAttempt()
                threading.Thread(target=self._open, args=(self._attempt,), name="cluster-connect", daemon=True).start()
            client = self._attempt.result(max(deadline - time.monotonic(), 0.0))
        except Exception as error:  # OSError, TimeoutError, and many more of Dask
            self._failed_at = time.monotonic()
            if self._attempt is not None and self._attempt.done():
                self._attempt = None
            raise self._no_answer() from error
        self._client, self._attempt, self._is_new = client, None, True
        return client

    def _open(self, attempt: "ConnectionAttempt[Client]") -> None:
        """Create a client and set up the board, however long it takes: Dask waits on and on for a hanging scheduler."""
        try:
            client = Client(self._address, timeout=ANSWER_S, set_as_default=False)
            try:
                client.sync(client._run_on_scheduler, board.installer(), callback_timeout=ANSWER_S)
            except BaseException:
                client.close(timeout=1)
                raise
        except BaseException as error:
            attempt.set_exception(error)
        else:
            attempt.set_result(client)
            if self._closed.is_set():
                client.close(timeout=1)

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close(timeout=1)

    def _call(self, name: str, **arguments: Any) -> Any:
        """Call a function of the board. Raises SchedulerError after five seconds."""
        client = self._connected()
        try:
            function = getattr(client.scheduler, f"digit_lab_{name}")
            return client.sync(function, callback_timeout=ANSWER_S, **arguments)
        except TimeoutError as error:  # it may only be slow: disconnecting would end all trainings
            raise self._no_answer() from error
        except Exception as error:  # the connection has broken, or this is another scheduler
            with self._connecting:
                if self._client is client:
                    self._disconnect()
            raise self._no_answer() from error

    def _no_answer(self) -> SchedulerError:
        return SchedulerError(
            "The scheduler {address} doesn't answer. Start it, or unset DIGIT_LAB_SCHEDULER to train on this machine.",
            address=self._address,
        )

    # Trainings

    def _add(self, token: str, run_id: str) -> None:
        if not self._call("fill", token=token, run=run_id):  # making room took too long, or the scheduler was restarted
            self._queue(run_id)
        with self._looking:
            self._mine.setdefault(run_id, None)
        self._look()

    def _queue(self, run_id: str) -> None:
        """Add a run at the end of the queue, however long it is."""
        token = _RESERVED + uuid4().hex
        self._call("reserve", token=token, client=self._connected().id, waiting=_NO_LIMIT)
        self._call("fill", token=token, run=run_id)

    def _look(self) -> None:
        """Look at the board, and submit the trainings whose turn it is."""
        with self._looking:
            try:
                client = self._connected()
                self._restore()
                seen = self._call("look", client=client.id)
            except SchedulerError:
                if self._client is None:  # what runs will be interrupted; what waits here will be queued again
                    self._slots = 0
                    waiting = [run_id for run_id, task in self._mine.items() if task is None]
                    self._trainings = tuple(Training(run_id, is_queued=True) for run_id in waiting)
                raise
            places = [place for place in seen["places"] if not place["run"].startswith(_RESERVED)]
            for place in places:
                if place["key"] in seen["submit"]:
                    self._submit(client, place["run"], place["key"])
            here = {place["run"] for place in places}
            for run_id in [run_id for run_id, task in self._mine.items() if task is None and run_id not in here]:
                del self._mine[run_id]  # it has left the queue, maybe on another server
            self._slots = int(seen["slots"])
            self._trainings = tuple(Training(place["run"], is_queued=not place["key"]) for place in places)

    def _restore(self) -> None:
        """Queue again what waited here, if the scheduler has been restarted."""
        if not self._is_new:
            return
        for run_id in [run_id for run_id, task in self._mine.items() if task is None]:
            self._queue(run_id)
        self._is_new = False

    def _submit(self, client: Client, run_id: str, key: str) -> None:
        folder = (self._store.home / run_id).resolve()
        environment = absolute("DIGIT_LAB_DATA") | {"DIGIT_LAB_HOME": str(folder.parent)}
        try:
            task = client.submit(
                cluster_task.train_on_worker(str(PROJECT)),
                str(folder),
                asdict(self._limits),
                environment,
                key=key,
                resources={"training": 1},
                pure=False,
            )
            task.add_done_callback(partial(self._ended, run_id))
        except Exception as error:  # the connection has broken; the run is queued again with the next one
            self._disconnect()
            raise self._no_answer() from error
        self._mine[run_id] = task

    def _ended(self, run_id: str, task: Future) -> None:
        """Save why a training couldn't be started, and give its slot to the next one."""
        reason = ""
        with suppress(Exception):  # the connection may break meanwhile
            if task.status == "finished":
                reason = task.result(timeout=ANSWER_S)
            elif task.status == "error":
                reason = f"A worker of the cluster can't train it: {repr(task.exception(timeout=ANSWER_S))[:300]}."
        if reason:
            endings.save_reason(Run(self._store.home / run_id), reason, None)
        with self._looking:
            if self._mine.get(run_id) is task:
                del self._mine[run_id]
        with suppress(SchedulerError):
            if not self._closed.is_set():
                self._look()

    def _deliver(self, address: str, run_id: str, command: Command) -> bool:
        client = self._connected()
        try:
            answers = client.sync(
                client._run,
                cluster_task.deliver_to_worker(),
                run_id,
                command.to_json(),
                workers=[address],
                callback_timeout=ANSWER_S,
            )
        except Exception:  # the worker has just left; the board will say so
            return False
        return bool(answers.get(address))


def _is_going_on(run: Run) -> bool:
    return not isinstance(run.history().last, InterruptedEvent) and not Path(run.path / "run.json").exists()
