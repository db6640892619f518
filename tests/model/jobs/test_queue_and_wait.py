"""The order of trainings in the queue, and estimates of their waits."""

import pytest

from model.jobs.job_queue import JobQueue
from model.jobs.wait_estimate import estimate_wait, seconds_to_hold
from model.limits import Limits


@pytest.fixture
def queue():
    queue = JobQueue(Limits(trainings=2))
    for run_id in "abcd":
        queue.add(run_id)
    return queue


def start_all(queue):
    while job := queue.next_to_start():
        job.supervision = object()


def test_the_oldest_runs_get_the_slots(queue):
    start_all(queue)
    assert [job.run_id for job in queue.queued] == ["c", "d"]


def test_a_free_slot_goes_to_the_run_that_has_waited_longest(queue):
    start_all(queue)
    queue.remove(queue.find("b"))
    assert queue.next_to_start() is queue.find("c")


def test_a_run_is_queued_only_once(queue):
    assert not queue.add("a")
    assert [job.run_id for job in queue.jobs] == ["a", "b", "c", "d"]


def test_clearing_the_queue_leaves_running_trainings(queue):
    start_all(queue)
    queue.drop_queued()
    assert [job.run_id for job in queue.jobs] == ["a", "b"]


@pytest.mark.parametrize(
    ("running", "before", "slots", "wait"),
    [
        ([], [], 1, 0),
        ([30], [], 1, 30),
        ([30], [100, 5], 1, 135),
        ([100, 500], [200], 2, 300),
        ([100], [], 2, 0),
        ([None], [], 1, None),
        ([30], [None], 1, None),
    ],
)
def test_each_training_takes_the_first_free_slot(running, before, slots, wait):
    assert estimate_wait(running, before, slots) == wait


def test_no_slot_is_held_longer_than_the_limit():
    assert seconds_to_hold(50, held=0, limit=600) == 50
    assert seconds_to_hold(5000, held=100, limit=600) == 500
    assert seconds_to_hold(50, held=100, limit=600, paused=True) == 500
    assert seconds_to_hold(50, held=700, limit=600) == 0
    assert seconds_to_hold(None, held=0, limit=600) is None
