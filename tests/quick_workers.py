"""Real `python -m model …` processes that start in a moment: forked from one that has already imported TensorFlow.

The import takes three seconds of a core, and dozens of tests start a worker. Like one from `subprocess.Popen`, a forked
process has its own arguments, environment, folder, standard streams, session and exit code. Tests of the start itself
use a new Python. An export takes half a second: with DIGIT_LAB_TEST_EXPORTS=1, a run exports the untrained and the kept
network only.
"""

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import psutil

from model.jobs import worker_process
from model.training.quiet import quiet_stderr
from tests.support import PROJECT

_EXPORTS = "DIGIT_LAB_TEST_EXPORTS"
_SECONDS = 300  # for the first fork, which waits for the imports


class QuickWorkers:
    """The process with the imports; `popen` starts others from it."""

    def __init__(self, folder: Path):
        self.address = str(folder / "socket")
        command = [sys.executable, "-m", "tests.quick_workers"]
        environment = os.environ | {"KERAS_HOME": str(folder)}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen()
        self._process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdin=self._listener)
        self._listener.close()

    def close(self) -> None:
        """End all of them."""
        self.kill_all()
        self._process.kill()
        self._process.wait()

    def kill_all(self) -> None:
        """End all processes that were forked."""
        for watcher in psutil.Process(self._process.pid).children():
            with suppress(psutil.NoSuchProcess):
                for process in watcher.children():
                    process.kill()
                watcher.wait()

    def popen(self, command, **options):
        """Start `python -m model …` like `subprocess.Popen`."""
        return popen(self.address, command, **options)


def popen(address, command, cwd=None, env=None, stdin=None, stdout=None, stderr=None, text=False, **options):
    """Start `python -m model …` like `subprocess.Popen`, forked by the process that listens at `address`."""
    assert command[:3] == [sys.executable, "-m", "model"], command
    return _Process(address, command[3:], cwd, env, (stdin, stdout, stderr), text, **options)


def replace_popen(address, set_attribute=setattr):
    """Let the app start its workers like this; `set_attribute` has the arguments of `setattr`."""
    names = ("PIPE", "DEVNULL", "TimeoutExpired")
    replaced = SimpleNamespace(Popen=partial(popen, address), **{name: getattr(subprocess, name) for name in names})
    set_attribute(worker_process, "subprocess", replaced)


class _Process:
    """One forked process; the part of `subprocess.Popen` that Digit Lab and its tests use."""

    def __init__(self, address, arguments, cwd, env, streams, text, start_new_session=False):
        self.returncode = None
        self._lock = threading.Lock()
        self.stdin, given_in = _pipe_to(streams[0], text)
        self.stdout, given_out = _pipe_from(streams[1], text)
        self.stderr, given_err = _pipe_from(streams[2], text)
        request = [arguments, str(cwd or Path.cwd()), dict(os.environ if env is None else env), start_new_session]
        self._reports = socket.socket(socket.AF_UNIX)
        self._reports.settimeout(_SECONDS)
        self._reports.connect(address)
        socket.send_fds(self._reports, [b"+"], [given_in, given_out, given_err])
        for given in (given_in, given_out, given_err):
            os.close(given)
        self._reports.sendall(json.dumps(request).encode() + b"\n")
        self._lines = self._reports.makefile()
        self.pid = int(self._lines.readline())

    def poll(self):
        """Return the exit code, None while the process is running."""
        return self._wait(0)

    def wait(self, timeout=None):
        """Return the exit code. Raises TimeoutExpired after `timeout` seconds."""
        if self._wait(timeout) is None:
            raise subprocess.TimeoutExpired("python -m model", timeout)
        return self.returncode

    def _wait(self, timeout):
        with self._lock:
            if self.returncode is None and _is_readable(self._reports, timeout):
                self.returncode = int(self._lines.readline())
        return self.returncode

    def kill(self):
        """End the process at once."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def _is_readable(connection, timeout):
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(None if timeout is None else 1000 * timeout))


def _pipe_to(stream, text):
    """Return our end of a pipe, if one is asked for, and the process's end or whatever else it reads."""
    if stream != subprocess.PIPE:
        return None, _opened(stream, 0)
    read, write = os.pipe()
    return (os.fdopen(write, "w") if text else os.fdopen(write, "wb")), read


def _pipe_from(stream, text):
    if stream != subprocess.PIPE:
        return None, _opened(stream, 1)
    read, write = os.pipe()
    return (os.fdopen(read) if text else os.fdopen(read, "rb")), write


def _opened(stream, ours):
    if stream == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR)
    return os.dup(ours if stream is None else stream.fileno())


def _serve():
    """Import the slow libraries, then fork a process for each connection to the socket on stdin."""
    listener = socket.socket(fileno=os.dup(0))
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # as a worker sets it
    with quiet_stderr():
        import PIL.Image  # noqa: F401
        import sklearn.datasets  # noqa: F401

        import model.training.pipeline  # noqa: F401

    signal.signal(signal.SIGCHLD, _collect)
    listener.settimeout(5)
    parent = os.getppid()
    while os.getppid() == parent:  # the tests may be killed
        try:
            connection = listener.accept()[0]
        except TimeoutError:
            continue
        if os.fork() == 0:
            listener.close()
            _report(connection)
        connection.close()


def _collect(*_):
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _report(connection):
    """Fork the worker itself and report its id and, when it has ended, its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    streams = socket.recv_fds(connection, 1, 3)[1]
    request = json.loads(connection.makefile().readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(streams, *request)
    for stream in (0, 1, 2, *streams):
        os.close(stream)
    connection.sendall(f"{pid}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        connection.sendall(f"{code}\n".encode())
    finally:
        os._exit(0)


def _become(streams, arguments, folder, environment, new_session):
    if new_session:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # As Python opens them at its start.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if _EXPORTS in environment:
        sys.modules["model.training.pipeline"].MAX_EXPORTED_EPOCHS = int(environment[_EXPORTS])
    sys.argv[1:] = arguments
    runpy.run_module("model", run_name="__main__", alter_sys=True)
    os._exit(0)


if __name__ == "__main__":
    _serve()
