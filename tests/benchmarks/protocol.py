"""A visitor without a browser: one websocket that speaks Streamlit's protocol with the installed protobuf messages.

It opens a page, keeps the timers of `run_every` as Streamlit's frontend does, and sends the values of widgets. What
arrives is passed to `on_message`. Knows nothing of Digit Lab's pages.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Self

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

OPEN_S = 120  # a page that takes longer is reported as lost


class Client:
    """One tab. Use as an asynchronous context manager; `opened_s` is how long the page took to open."""

    def __init__(self, port: int, page: str, query: str = "", on_message: Callable[[ForwardMsg], None] | None = None):
        """Prepare a tab that shows `page` ("draw") of the server on `port` of this machine."""
        self.port, self.page, self.query = port, page, query
        self.on_message = on_message or (lambda message: None)
        self.widgets: dict[str, WidgetState] = {}
        self.opened_s = float("nan")
        self._timers: dict[str, asyncio.Task] = {}
        self._finished = asyncio.Event()

    async def __aenter__(self) -> Self:
        begin = time.perf_counter()
        # A browser sends no ping of its own, and a busy server must not be cut off for a late answer to one.
        self._socket = await websockets.connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=["streamlit"],
            max_size=None,
            ping_interval=None,
            compression=None,
            open_timeout=OPEN_S,
        )
        self._receiver = asyncio.create_task(self._receive())
        await self.rerun()
        await asyncio.wait_for(self._finished.wait(), OPEN_S)
        self.opened_s = time.perf_counter() - begin
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (*self._timers.values(), self._receiver):
            task.cancel()
        await self._socket.close()

    async def rerun(self, fragment_id: str = "", by_timer: bool = False) -> None:
        """Ask for a run of the page, or of one fragment, with the widgets' values."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = self.query, self.page
        state.fragment_id, state.is_auto_rerun = fragment_id, by_timer
        state.widget_states.widgets.extend(self.widgets.values())
        await self._socket.send(message.SerializeToString())

    async def _receive(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for payload in self._socket:
                message = ForwardMsg.FromString(payload)
                self._follow(message)
                self.on_message(message)

    def _follow(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            if not message.metadata.run.fragment_ids:
                self._stop_timers(list(self._timers))  # a run of the whole page sets new ones
        elif kind == "auto_rerun":
            fragment_id = message.auto_rerun.fragment_id
            self._stop_timers([fragment_id])
            self._timers[fragment_id] = asyncio.create_task(self._tick(fragment_id, message.auto_rerun.interval))
        elif kind == "stop_auto_rerun":
            self._stop_timers(message.stop_auto_rerun.fragment_ids)
        elif kind == "script_finished":
            self._finished.set()

    def _stop_timers(self, fragment_ids) -> None:
        for fragment_id in fragment_ids:
            if timer := self._timers.pop(fragment_id, None):
                timer.cancel()

    async def _tick(self, fragment_id: str, interval: float) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(interval)
                await self.rerun(fragment_id, by_timer=True)
