"""Why a worker ended without saying so itself, in a sentence that says what happened and what to do.

A worker that is killed can't write an event. Whoever started it knows its exit code, and writes the event in its place.
"""

import signal
from contextlib import suppress

from model.errors import DigitLabError
from model.messages import N_, Message
from model.runs.atomic_files import FolderLock
from model.runs.events import Event, EventLog, InterruptedEvent
from model.runs.run import Run

OUT_OF_MEMORY = N_(
    "The training ran out of memory. Choose a smaller network or smaller batches, close other programs, or give the "
    "server more memory."
)
SERVER_STOPPED = N_("The server was stopped during the training.")
WORKER_LEFT = N_("The machine that trained it left the cluster.")
_MAX_SIGNAL = 64
_MAX_OUTPUT = 200  # characters of a worker's last line
_OTHER_PROGRAM = frozenset({"SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"})
_CRASHES = frozenset({"SIGSEGV", "SIGBUS", "SIGFPE", "SIGSYS", "SIGTRAP"})


def explain(exit_code: int, killed_for_memory: bool = False, output: str = "") -> Message | str:
    """Return why a worker ended with this exit code before its run was complete.

    A negative code is the signal that ended it. `killed_for_memory`: whether the system has ended a process for lack of
    memory meanwhile. `output` is the last line of the worker's log.

    >>> str(explain(-9, killed_for_memory=True)) == OUT_OF_MEMORY
    True
    """
    number = _signal_number(exit_code)
    if number:
        return explain_signal(number, killed_for_memory)
    if means_out_of_memory(output):
        return OUT_OF_MEMORY
    match exit_code:
        case 0:
            return Message("The training ended before its network was saved. If it happens again, start a new one.")
        case 1 if output:
            return Message(
                "The training ended with an error: {error} If it happens again, start a new one with other settings.",
                {"error": _sentence(output)},
            )
        case 2 if output:  # the sentence of an error of Digit Lab, with its own way out
            return Message("The training ended: {error}", {"error": _sentence(output.removeprefix("train: "))})
        case _:
            return Message(
                "The training ended unexpectedly, with exit code {code}. If it happens again, look into worker.log in "
                "the run's folder.",
                {"code": exit_code},
            )


def explain_signal(number: int, killed_for_memory: bool = False) -> Message | str:
    """Return why a signal ended a training."""
    name = _signal_name(number)
    match name:
        case "SIGKILL" if killed_for_memory:
            return OUT_OF_MEMORY
        case "SIGKILL":
            return Message(
                "The training was ended by force ({signal}), by a person or by a system that is short of memory. If it "
                "happens again, choose a smaller network or smaller batches.",
                {"signal": name},
            )
        case "SIGABRT":
            return Message(
                "The training was aborted by a library ({signal}), often for lack of memory. If it happens again, "
                "choose a smaller network or smaller batches.",
                {"signal": name},
            )
        case "SIGILL":
            return Message(
                "The processor of this server lacks an instruction that TensorFlow needs ({signal}). Run Digit Lab on "
                "a newer machine.",
                {"signal": name},
            )
        case "SIGXCPU" | "SIGXFSZ":
            return Message(
                "The training reached a limit of the system ({signal}). Raise the limit with `ulimit`, and restart the "
                "server.",
                {"signal": name},
            )
        case _ if name in _CRASHES:
            return Message(
                "The training crashed in a library ({signal}). If it happens again, reinstall the packages in "
                "requirements.txt.",
                {"signal": name},
            )
        case _ if name in _OTHER_PROGRAM:
            return Message(
                "Another program ended the training ({signal}), such as a system that is shutting down.",
                {"signal": name},
            )
        case _:
            return Message(
                "The training was ended by the signal {signal}. If it happens again, look into worker.log in the run's "
                "folder.",
                {"signal": name},
            )


def means_out_of_memory(error: BaseException | str) -> bool:
    """Return whether an error of Python, NumPy or TensorFlow, or its last line of output, reports a lack of memory.

    >>> means_out_of_memory(MemoryError()), means_out_of_memory("OSError: No space left on device")
    (True, False)
    """
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    signs = ("MemoryError", "allocate memory", "bad_alloc", "OOM when allocating", "ResourceExhausted")
    return isinstance(error, MemoryError) or any(sign in text for sign in signs)


def save_reason(run: Run, reason: Message | str, before: Event | None) -> None:
    """Write why a training was interrupted, unless its worker did or completed the run.

    `before` is the last event from before the worker started: it doesn't explain how this worker ended. Does nothing if
    the folder can't be written or another process is already training the run.
    """
    if (run.path / "run.json").exists():
        return
    last = run.history().last
    if isinstance(last, InterruptedEvent) and last != before:
        return
    with suppress(OSError, DigitLabError):
        lock = FolderLock(run.path)
        try:
            log = EventLog(run.path / "events.jsonl")
            log.write(InterruptedEvent(reason=str(reason)))
            log.close()
        finally:
            lock.release()


def _signal_number(exit_code: int) -> int:
    """Return the signal that an exit code stands for, as a shell reports it too; 0 for none."""
    if exit_code < 0:
        return -exit_code
    is_shell_code = 128 < exit_code <= 128 + _MAX_SIGNAL
    return exit_code - 128 if is_shell_code else 0


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _sentence(output: str) -> str:
    text = " ".join(output.split())[:_MAX_OUTPUT]
    return text if text.endswith((".", "!", "?")) else f"{text}."
