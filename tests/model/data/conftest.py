"""Empty folders, dataset files, and a server that sends datasets correctly or not."""

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from model.data import catalog, download
from tests.model.data.samples import npz_bytes


@pytest.fixture
def isolated(tmp_path, monkeypatch):
    """Give each test empty folders, and download addresses without a server."""
    for variable in ("HOME", "DIGIT_LAB_CACHE", "DIGIT_LAB_DATA"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    for name, builtin in catalog.BUILTINS.items():
        unreachable = tuple(replace(remote, url=f"http://127.0.0.1:9/{remote.file}") for remote in builtin.remotes)
        monkeypatch.setitem(catalog.BUILTINS, name, replace(builtin, remotes=unreachable))


@pytest.fixture
def save_own(tmp_path):
    """Write `own.npz`, or a file with another name, into DIGIT_LAB_DATA."""

    def write(arrays, name="own"):
        content = arrays if isinstance(arrays, bytes) else npz_bytes(arrays)
        (tmp_path / "DIGIT_LAB_DATA" / f"{name}.npz").write_bytes(content)

    return write


class Server(ThreadingHTTPServer):
    """Sends `files[path]`, in the way that `behaviour` sets."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.behaviour, self.requests, self.closing = {}, "good", [], threading.Event()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.send_head()

    def do_GET(self):
        content = self.send_head()
        if self.server.behaviour == "cut":
            content = content[: len(content) // 2]
        if self.server.behaviour != "slow":
            self.wfile.write(content)
            return
        try:
            for byte in content:
                self.wfile.write(bytes([byte]))
                if self.server.closing.wait(0.05):
                    return
        except ConnectionError:
            pass  # the client has given up, as it should

    def send_head(self):
        self.server.requests.append(self.path)
        content = self.server.files.get(self.path.strip("/"))
        if self.server.behaviour == "silent":
            self.server.closing.wait(30)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        return content or b""


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def serve(server, monkeypatch):
    """Put files on the server, and register their hashes under the name of a built-in dataset."""

    def add(name, files, **changes):
        server.files |= files
        base = f"http://127.0.0.1:{server.server_port}/"
        remotes = tuple(
            download.Remote(base + file, hashlib.sha256(content).hexdigest(), len(content))
            for file, content in files.items()
        )
        monkeypatch.setitem(catalog.BUILTINS, name, replace(catalog.BUILTINS[name], remotes=remotes, **changes))
        return server

    return add
