"""Measure the robustness of networks in the background, one at a time, and share the results among all visitors."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from model.evaluation import robustness
from model.evaluation.robustness import Robustness
from model.inference.litert import Recognizer
from model.messages import Message
from model.results import Array
from model.runs.run import FinishedRun

Images = Callable[[], tuple[Array, Array]]  # test images (n, h, w, c) uint8 with labels (n,)
Measure = Callable[[Recognizer, Array, Array, int, Callable[[float], None]], Robustness | None]


@dataclass
class RobustnessJob:
    """One measurement: the share of it that is done, and its result or the reason why it failed."""

    share: float = 0.0
    result: Robustness | None = None
    failure: Message | None = None


class RobustnessJobs:
    """The measurements of a server. Thread-safe."""

    def __init__(self, measure: Measure = robustness.measure_robustness):
        """Start nothing yet; tests replace `measure`."""
        self._measure = measure
        self._jobs: dict[str, RobustnessJob] = {}
        self._lock = threading.Lock()
        self._measuring = threading.Lock()  # each takes both cores away from trainings and drawings

    def of(self, run: FinishedRun, recognizer: Recognizer, load_images: Images) -> RobustnessJob:
        """Return the measurement of a run: the stored one, the one in progress, or one that starts now.

        If a measurement has to start, raises the errors of `load_images`, such as for missing test images.
        """
        if stored := robustness.load(run):
            return RobustnessJob(1.0, stored)
        with self._lock:
            key = str(run.path)
            if key not in self._jobs:
                images, labels = load_images()
                self._jobs[key] = job = RobustnessJob()
                arguments = (run, recognizer, images, labels, job)
                threading.Thread(target=self._run, args=arguments, name=f"robustness-{run.id}", daemon=True).start()
            return self._jobs[key]

    def forget(self, run: FinishedRun) -> None:
        """Forget a failed measurement, so that the next request starts a new one."""
        with self._lock:
            self._jobs.pop(str(run.path), None)

    def _run(self, run: FinishedRun, recognizer: Recognizer, images: Array, labels: Array, job: RobustnessJob) -> None:
        def on_progress(share: float) -> None:
            job.share = share

        try:
            with self._measuring:
                result = self._measure(recognizer, images, labels, len(run.class_names), on_progress)
        except Exception as error:
            # Any error at all, or a page would wait for the result forever.
            job.failure = Message("The measurement failed: {error}.", {"error": str(error)})
            raise
        if result:
            robustness.save(run, result)
        job.result = result
