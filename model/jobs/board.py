"""The list of trainings that all app servers share: it lives in the memory of the Dask scheduler.

The scheduler handles one call at a time, so two servers never take the same place. Digit Lab needn't be installed where
the scheduler runs: a server that connects sends the functions, which use only the standard library. What a server has
added is forgotten when it disconnects.

A place is a dict: `run` (id of the run, or of a reservation), `client` (which server added it), `key` of its Dask task,
"" while it waits, `worker` that executes it, "" until one was seen to, `seen`: whether the task has arrived, and
`since` when the place exists, by the scheduler's clock. A reservation that gets no run within a minute is given up: its
server may never have heard of it.
"""

from collections.abc import Callable
from typing import Any

Place = dict[str, Any]


def installer() -> Callable[[Any], None]:
    """Return a function that gives a scheduler its board; Dask pickles it by value, because it is local to this one."""

    def install(dask_scheduler: Any) -> None:
        """Add the handlers `digit_lab_…`, or replace those of an earlier version, and keep the board."""
        from time import monotonic
        from uuid import uuid4

        scheduler = dask_scheduler
        if not hasattr(scheduler, "digit_lab_board"):
            scheduler.digit_lab_board = []

        def update() -> list[Place]:
            """Return the board, after removing what has ended."""
            board: list[Place] = scheduler.digit_lab_board
            for place in list(board):
                task = scheduler.tasks.get(place["key"])
                is_given_up = place["run"].startswith("?") and monotonic() > place["since"] + 60
                if place["client"] not in scheduler.clients or is_given_up:
                    board.remove(place)
                elif task is None:
                    if place["seen"]:
                        board.remove(place)
                elif task.state in ("memory", "erred", "released", "forgotten"):
                    board.remove(place)
                elif has_moved(place, task):
                    # Dask would train it again on another worker, at once or after the trainings there. It is
                    # interrupted instead, and somebody decides what to do.
                    board.remove(place)
                    scheduler.client_releases_keys(keys=[task.key], client=place["client"])
            return board

        def has_moved(place: Place, task: Any) -> bool:
            """Return whether the worker that executed a task has left, and remember the worker."""
            place["seen"] = True
            on = task.processing_on
            if on is not None and task in on.executing:
                place["worker"] = place["worker"] or on.address
            is_elsewhere = place["worker"] and (on is None or on.address != place["worker"])
            return bool(task.suspicious or is_elsewhere)

        def count_slots() -> int:
            return sum(int(worker.resources.get("training", 0)) for worker in scheduler.running)

        def reserve(token: str, client: str, waiting: int) -> int:
            """Add a place and return -1. If the queue is full, return how many wait in it."""
            board = update()
            queued = sum(not place["key"] for place in board)
            free = max(count_slots() - (len(board) - queued), 0)
            if queued - free >= waiting:
                return queued
            place = {"run": token, "client": client, "key": "", "worker": "", "seen": False, "since": monotonic()}
            board.append(place)
            return -1

        def fill(token: str, run: str) -> bool:
            """Give a reserved place to a run, or give it up if `run` is "" or has one; return whether it was there."""
            board = update()
            for place in board:
                if place["run"] == token:
                    if run and all(other["run"] != run for other in board):
                        place["run"] = run
                    else:
                        board.remove(place)
                    return True
            return False

        def leave(run: str) -> bool:
            """Remove a waiting run, and return whether it was waiting."""
            board = update()
            for place in board:
                if place["run"] == run and not place["key"]:
                    board.remove(place)
                    return True
            return False

        def look(client: str) -> dict[str, Any]:
            """Return the slots, the places, and the keys of the tasks that this server has to submit now.

            Free slots go to those who have waited longest; each server submits its own.
            """
            board, slots = update(), count_slots()
            free = slots - sum(bool(place["key"]) for place in board)
            submit = []
            for place in board:
                if free <= 0:
                    break
                if not place["key"] and not place["run"].startswith("?"):
                    free -= 1
                    if place["client"] == client:
                        place["key"] = f"digit-lab-{place['run']}-{uuid4().hex[:8]}"
                        submit.append(place["key"])
            return {"slots": slots, "places": [dict(place) for place in board], "submit": submit}

        def find(run: str) -> str:
            """Return the address of the worker that has a run, "" if it has none yet, and "-" if it isn't here."""
            for place in update():
                if place["run"] == run:
                    task = scheduler.tasks.get(place["key"])
                    return str(task.processing_on.address) if task is not None and task.processing_on else ""
            return "-"

        functions = (reserve, fill, leave, look, find)
        scheduler.handlers.update({f"digit_lab_{function.__name__}": function for function in functions})

    return install
