"""Robustness is measured in the background, once for everybody, one network at a time."""

import shutil
import threading

import numpy as np
import pytest

from model.errors import DataError
from model.evaluation import robustness
from model.evaluation.perturbations import PERTURBATIONS
from model.evaluation.robustness import Curve, Robustness
from model.inference.litert import Recognizer
from model.jobs.robustness_job import RobustnessJobs
from model.runs.run import open_run, require_finished
from model.runs.store import CLASSROOM_RUN, RunStore
from tests.support import wait_for

RESULT = Robustness(
    2, {name: Curve(kind.strengths, (1.0,) * len(kind.strengths)) for name, kind in PERTURBATIONS.items()}
)
IMAGES = np.zeros((2, 28, 28, 1), np.uint8), np.array([0, 1])


class Measured:
    """A measurement that ends when it is told to."""

    def __init__(self, result=RESULT):
        self.result, self.calls, self.go_on = result, 0, threading.Event()

    def __call__(self, recognizer, images, labels, n_classes, on_progress):
        self.calls += 1
        on_progress(0.5)
        self.go_on.wait(20)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def run(tmp_path):
    shipped = RunStore().open(CLASSROOM_RUN)
    shutil.copytree(shipped.path, tmp_path / "own", ignore=shutil.ignore_patterns("robustness.json", "checkpoints"))
    return require_finished(open_run(tmp_path / "own"))


@pytest.fixture
def recognizer(run):
    return Recognizer(run.network)


def test_everybody_gets_the_same_measurement(run, recognizer):
    measured = Measured()
    jobs = RobustnessJobs(measured)
    first, second = jobs.of(run, recognizer, lambda: IMAGES), jobs.of(run, recognizer, lambda: IMAGES)
    assert first is second
    wait_for(lambda: first.share == 0.5)
    assert first.result is None
    measured.go_on.set()
    wait_for(lambda: first.result)
    assert (first.result, measured.calls) == (RESULT, 1)


def test_a_result_is_stored_with_the_run(run, recognizer):
    measured = Measured()
    measured.go_on.set()
    job = RobustnessJobs(measured).of(run, recognizer, lambda: IMAGES)
    wait_for(lambda: job.result)
    assert robustness.load(run) == RESULT
    again = RobustnessJobs(measured).of(run, recognizer, lambda: pytest.fail("no images are needed"))
    assert (again.result, again.share, measured.calls) == (RESULT, 1.0, 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_failure_is_reported_and_can_be_tried_again(run, recognizer):
    measured = Measured(ValueError("no memory"))
    measured.go_on.set()
    jobs = RobustnessJobs(measured)
    job = jobs.of(run, recognizer, lambda: IMAGES)
    wait_for(lambda: job.failure)
    assert job.failure == "The measurement ended with an error: no memory."
    assert jobs.of(run, recognizer, lambda: IMAGES) is job
    jobs.forget(run)
    measured.result = RESULT
    again = jobs.of(run, recognizer, lambda: IMAGES)
    wait_for(lambda: again.result)


def test_without_images_nothing_starts(run, recognizer):
    def missing():
        raise DataError("MNIST is not on this machine.")

    measured = Measured()
    with pytest.raises(DataError):
        RobustnessJobs(measured).of(run, recognizer, missing)
    assert measured.calls == 0
