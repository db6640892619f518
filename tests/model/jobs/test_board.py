"""The board of all app servers, on a scheduler that is a few plain objects."""

from types import SimpleNamespace

import pytest

from model.jobs.board import installer


class Scheduler:
    """The attributes of a Dask scheduler that the board reads."""

    def __init__(self, *resources):
        workers = [SimpleNamespace(address=f"w{i}", resources=each, executing=[]) for i, each in enumerate(resources)]
        self.running, self.handlers, self.tasks, self.released = workers, {}, {}, []
        self.clients = {"A": 1, "B": 1}
        installer()(self)

    def __getattr__(self, name):
        if name.startswith("digit_lab"):
            raise AttributeError(name)
        return self.handlers[f"digit_lab_{name}"]

    def client_releases_keys(self, keys, client):
        self.released += [(key, client) for key in keys]

    def add(self, run, client, waiting=20):
        assert self.reserve("?1", client, waiting) == -1
        assert self.fill("?1", run)

    def submit(self, client):
        """Look, submit as a server does, and let the workers start; return the runs."""
        keys = self.look(client)["submit"]
        for key in keys:
            worker = next(worker for worker in self.running if not worker.executing)
            self.tasks[key] = SimpleNamespace(key=key, state="processing", processing_on=worker, suspicious=0)
            worker.executing = [self.tasks[key]]
        self.look(client)
        return [key.split("-")[2] for key in keys]

    def runs(self):
        return [place["run"] for place in self.look("A")["places"]]


@pytest.fixture
def scheduler():
    return Scheduler({"training": 1.0}, {"training": 1.0}, {})


def test_free_slots_go_to_those_who_have_waited_longest(scheduler):
    for run, client in (("a", "A"), ("b", "B"), ("c", "A")):
        scheduler.add(run, client)
    assert scheduler.look("a third")["slots"] == 2
    assert scheduler.submit("A") == ["a"], "the second slot is for b"
    assert scheduler.submit("B") == ["b"]
    assert scheduler.submit("A") == []
    (key,) = (key for key in scheduler.tasks if "-a-" in key)
    scheduler.tasks[key].state = "memory"
    assert scheduler.runs() == ["b", "c"]
    assert scheduler.find("a") == "-"
    assert scheduler.find("b") == "w1"
    assert scheduler.find("c") == ""


def test_a_reserved_place_counts_but_is_not_submitted(scheduler):
    scheduler.running.pop(0)
    scheduler.add("a", "A")
    scheduler.submit("A")
    assert scheduler.reserve("?2", "B", 1) == -1
    assert scheduler.reserve("?3", "A", 1) == 1, "one waits, and that is the limit"
    assert scheduler.submit("B") == []
    assert scheduler.fill("?2", "")
    assert not scheduler.fill("?2", "b")
    assert scheduler.runs() == ["a"]


def test_a_reservation_that_nobody_uses_is_given_up(scheduler):
    """A request that arrives after its server has given up waiting must not block the queue for ever."""
    scheduler.running.clear()
    assert scheduler.reserve("?1", "A", 1) == -1
    assert scheduler.reserve("?2", "A", 1) == 1
    scheduler.digit_lab_board[0]["since"] -= 61
    assert scheduler.reserve("?2", "A", 1) == -1
    assert not scheduler.fill("?1", "a")


def test_a_run_has_one_place(scheduler):
    scheduler.add("a", "A")
    scheduler.add("a", "B")
    assert scheduler.runs() == ["a"]


def test_what_a_server_added_leaves_with_it(scheduler):
    scheduler.add("a", "A")
    scheduler.add("b", "B")
    del scheduler.clients["B"]
    assert scheduler.runs() == ["a"]


def test_only_a_waiting_run_can_leave(scheduler):
    scheduler.running[:2] = scheduler.running[:1]
    scheduler.add("a", "A")
    scheduler.add("b", "A")
    scheduler.submit("A")
    assert not scheduler.leave("a")
    assert scheduler.leave("b")
    assert not scheduler.leave("b")
    assert scheduler.runs() == ["a"]


@pytest.mark.parametrize("fault", ["lost", "moved"])
def test_a_training_is_not_repeated_on_another_worker(scheduler, fault):
    scheduler.add("a", "A")
    scheduler.submit("A")
    (task,) = scheduler.tasks.values()
    if fault == "lost":
        task.processing_on, task.suspicious = None, 1
    else:
        task.processing_on = scheduler.running[1]
    assert scheduler.runs() == []
    assert scheduler.released == [(task.key, "A")]


def test_a_task_that_has_not_arrived_keeps_its_place(scheduler):
    scheduler.add("a", "A")
    (key,) = scheduler.look("A")["submit"]
    assert scheduler.look("A")["submit"] == []
    assert scheduler.runs() == ["a"]
    assert scheduler.look("A")["places"][0]["key"] == key


def test_a_second_server_keeps_the_board(scheduler):
    scheduler.add("a", "A")
    installer()(scheduler)
    assert scheduler.runs() == ["a"]
