"""The process around a training: it reads commands from stdin and writes events to the run folder.

Imports run folders, signals and threads, and Keras as late as possible, with the pipeline. The command line and the app
run the same code; with `control`, the end of stdin means that the app has exited.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

from model.errors import ConfigError, DataError, DigitLabError, RunError
from model.messages import Term
from model.runs.atomic_files import FolderLock, write_json
from model.runs.events import Event, EventLog, FailedEvent, InterruptedEvent, LoadingEvent, RunState
from model.runs.manifest import Manifest
from model.runs.run import Run, not_writable
from model.training import endings, training_data
from model.training.commands import Command, CommandName, CommandQueue, Interrupted
from model.training.control import OnEvent
from model.training.quiet import quiet_stderr

_HEARTBEAT_S = 1.0
_INTERRUPTED = 130  # exit code


def run(folder: Path, control: bool = False, on_event: OnEvent = lambda event: None) -> RunState:
    """Train the run in `folder` to the end, starting from its last checkpoint if it has one.

    Returns the final state: finished, stopped, failed or interrupted. `on_event` receives every event that is written
    to the event file. The previous signal handlers are restored before this returns.
    """
    _silence_tensorflow()
    return Worker(Run(folder), on_event).run(control)


def wait_for_run() -> Path | None:
    """Import the slow libraries, then wait for `{"run": folder}` on stdin. Return None if stdin ends first.

    From then on, the output of this process goes to the run's worker.log.
    """
    _silence_tensorflow()
    with quiet_stderr():
        import model.training.pipeline  # noqa: F401 - takes seconds, which the run then doesn't wait for
        from model.training.loop import warm_up

        warm_up()
    training_data.preload()
    with open(0, "rb", buffering=0, closefd=False) as stdin:  # unbuffered: later lines are for the training
        line = stdin.readline()
    if not line:
        return None
    folder = Path(json.loads(line)["run"])
    with (folder / "worker.log").open("ab") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    return folder


class Worker:
    """One training, with the commands, signals and heartbeat around it."""

    def __init__(self, run: Run, on_event: OnEvent):
        """Lock the run folder. Raises RunError if it isn't writable, complete, or another process is training it."""
        self.folder, self.config, self.on_event = run, run.config, on_event
        try:
            self.lock = FolderLock(run.path)
        except OSError as error:
            raise not_writable(run.id, error) from error
        if run.manifest:
            self.lock.release()
            raise RunError(
                "Run {run} has already ended ({state}). Start a new run.", run=run.id, state=Term(run.manifest.state)
            )
        # Read this before the worker writes anything, or its own events would count as history.
        self.resume = run.usable_checkpoints()
        try:
            self.log = EventLog(run.path / "events.jsonl")
        except OSError as error:
            self.lock.release()
            raise not_writable(run.id, error) from error
        self.commands = CommandQueue()
        self.leaving = threading.Event()  # set by a signal, or because the app has exited
        self.can_leave = threading.Event()  # set as soon as this process responds to `leaving`
        self.reason_to_leave = ""

    def run(self, control: bool) -> RunState:
        """Train and return the final state; with `control`, carry out commands from stdin.

        Raises RunError if the files can't be written any more; the run can be resumed once they can.
        """
        with ExitStack() as stack:
            stack.callback(self.lock.release)
            stack.callback(self.log.close)
            stack.enter_context(_heartbeat(self.folder.path / "events.jsonl", self._leave))
            stack.enter_context(_signal_handlers(self._on_signal))
            if control:
                _thread("commands", self._read_commands)
            try:
                return self._train()
            except OSError as error:
                raise self._unsaved(error) from error

    def _train(self) -> RunState:
        try:
            self._write(LoadingEvent(dataset=self.config.dataset))
            with quiet_stderr():
                from model.training.pipeline import Pipeline

            self.can_leave.set()
            return Pipeline(self.folder, self._write, self.commands, self.resume, self.leaving.is_set).run()
        except Interrupted as interrupted:
            # Without a reason it was raised by the loop, which has already written its event.
            return self._interrupted(str(interrupted)) if str(interrupted) else RunState.INTERRUPTED
        except RunError as error:
            return self._interrupted(str(error))
        except DataError as error:
            return self._interrupted(str(error)) if self.resume else self._failed(str(error))
        except DigitLabError as error:
            return self._failed(str(error))
        except OSError:
            raise
        except Exception as error:
            if endings.means_out_of_memory(error):
                self._interrupted(endings.OUT_OF_MEMORY)
                raise
            # A bug of ours: the training can still be resumed, so its state isn't final.
            self._interrupted(f"The training ended with an error: {error!r}.")
            raise

    def _write(self, event: Event) -> None:
        if isinstance(event, InterruptedEvent) and not event.reason and self.reason_to_leave:
            event = replace(event, reason=self.reason_to_leave)
        self.log.write(event)
        try:
            self.on_event(event)
        except OSError:  # the terminal or pipe was closed; the run folder still has every event
            self.on_event = lambda event: None

    def _failed(self, reason: str) -> RunState:
        self._write(FailedEvent(reason=reason))
        write_json(self.folder.path / "run.json", Manifest(RunState.FAILED, reason).to_dict())
        return RunState.FAILED

    def _interrupted(self, reason: str) -> RunState:
        with suppress(OSError):  # there is no room on a full disk for the event that reports it
            self._write(InterruptedEvent(reason=reason))
        return RunState.INTERRUPTED

    def _unsaved(self, error: OSError) -> RunError:
        """Return why the files of this run can't be written, after writing that into the event file if possible."""
        if not self.folder.path.is_dir():
            return RunError(
                "The folder of run {run} no longer exists, so its training has ended. Start a new one.",
                run=self.folder.id,
            )
        reason = error.strerror or str(error)
        with suppress(OSError):  # there may be no room for this event
            self.log.write(InterruptedEvent(reason=f"The files of this run can't be saved: {reason}."))
        return RunError(
            "The files of run {run} can't be saved: {reason}. Free some space or make its folder writable, then "
            "continue with: python -m model train --resume {run}",
            run=self.folder.id,
            reason=reason,
        )

    def _read_commands(self) -> None:
        """Put commands into the queue until stdin ends, which means that the app has exited."""
        try:
            # Unbuffered: Python aborts at exit if a thread is still waiting inside the buffer of sys.stdin.
            with open(0, "rb", buffering=0, closefd=False) as stdin:
                for line in stdin:
                    self._put(line.decode(errors="replace"))
        finally:
            self.reason_to_leave = self.reason_to_leave or endings.SERVER_STOPPED
            self._leave()
            if not self.can_leave.is_set():
                # The import of TensorFlow takes seconds and can't be interrupted, and there is nothing to save yet.
                self._interrupted("The app ended before the training began.")
                os._exit(_INTERRUPTED)

    def _put(self, line: str) -> None:
        try:
            self.commands.put(Command.from_json(line))
        except ConfigError as error:
            print(error, file=sys.stderr)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if self.leaving.is_set():
            raise KeyboardInterrupt  # a second Ctrl-C ends it at once
        self.reason_to_leave = str(endings.explain_signal(signum))
        self._leave()

    def _leave(self) -> None:
        self.leaving.set()
        self.commands.put(Command(CommandName.INTERRUPT))


@contextmanager
def _signal_handlers(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle SIGINT and SIGTERM with `handler`, and restore the previous handlers afterwards."""
    before = {name: signal.signal(name, handler) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, previous in before.items():
            signal.signal(name, signal.SIG_DFL if previous is None else previous)


@contextmanager
def _heartbeat(path: Path, on_deleted: Callable[[], None]) -> Iterator[None]:
    """Touch the event file every second, so that other processes can see that this one is alive."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(_HEARTBEAT_S):
            try:
                os.utime(path)
            except FileNotFoundError:
                on_deleted()
                return
            except OSError:
                pass  # the next write will fail, and report it

    _thread("heartbeat", beat)
    try:
        yield
    finally:
        ended.set()


def _thread(name: str, target: Callable[[], None]) -> None:
    threading.Thread(target=target, name=name, daemon=True).start()


def _silence_tensorflow() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # notes on CUDA and oneDNN are of no use here
