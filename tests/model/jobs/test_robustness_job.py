"""Robustness is measured in the background, once for all visitors and one network at a time."""

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


class FakeMeasure:
    """A measurement that ends when `finish` is set."""

    def __init__(self, result=RESULT):
        self.result, self.calls, self.finish = result, 0, threading.Event()

    def __call__(self, recognizer, images, labels, n_classes, on_progress):
        self.calls += 1
        on_progress(0.5)
        self.finish.wait(20)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def run(tmp_path):
    shipped = RunStore().open(CLASSROOM_RUN)
    shutil.copytree(shipped.path, tmp_path / "copy", ignore=shutil.ignore_patterns("robustness.json", "checkpoints"))
    return require_finished(open_run(tmp_path / "copy"))


@pytest.fixture
def recognizer(run):
    return Recognizer(run.network)


def test_all_visitors_share_one_measurement(run, recognizer):
    measure = FakeMeasure()
    jobs = RobustnessJobs(measure)
    first, second = jobs.of(run, recognizer, lambda: IMAGES), jobs.of(run, recognizer, lambda: IMAGES)
    assert first is second
    wait_for(lambda: first.share == 0.5)
    assert first.result is None
    measure.finish.set()
    wait_for(lambda: first.result)
    assert (first.result, measure.calls) == (RESULT, 1)


def test_a_result_is_saved_with_the_run(run, recognizer):
    measure = FakeMeasure()
    measure.finish.set()
    job = RobustnessJobs(measure).of(run, recognizer, lambda: IMAGES)
    wait_for(lambda: job.result)
    assert robustness.load(run) == RESULT
    again = RobustnessJobs(measure).of(run, recognizer, lambda: pytest.fail("images were loaded again"))
    assert (again.result, again.share, measure.calls) == (RESULT, 1.0, 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_failure_is_reported_and_can_be_tried_again(run, recognizer):
    measure = FakeMeasure(ValueError("no memory"))
    measure.finish.set()
    jobs = RobustnessJobs(measure)
    job = jobs.of(run, recognizer, lambda: IMAGES)
    wait_for(lambda: job.failure)
    assert job.failure.values == {"error": "no memory"}
    assert jobs.of(run, recognizer, lambda: IMAGES) is job
    jobs.forget(run)
    measure.result = RESULT
    again = jobs.of(run, recognizer, lambda: IMAGES)
    wait_for(lambda: again.result)


def test_no_measurement_starts_without_images(run, recognizer):
    def missing():
        raise DataError("MNIST isn't on this server.")

    measure = FakeMeasure()
    with pytest.raises(DataError):
        RobustnessJobs(measure).of(run, recognizer, missing)
    assert measure.calls == 0
