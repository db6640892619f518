"""The loop of a search: ask for values, start a run, follow it, stop it early if it is bad, tell the result.

Each trial is an ordinary run of the job manager, which queues and limits it like any other. The same loop serves the
app, in a thread, and the command line. Everything that must survive is in the search's folder: a search whose process
was killed goes on where it was, with the runs that it had started.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from model.config import TrainingConfig
from model.errors import ConfigError, DigitLabError, RunError, SchedulerError
from model.jobs.manager import JobManager
from model.messages import N_
from model.runs.curves import History
from model.runs.events import RunState
from model.runs.run import FinishedRun, Run
from model.training.commands import Command, CommandName
from model.tuning import study as studies
from model.tuning.record import SearchRecord
from model.tuning.results import N_REPEATED, REPEAT_SEEDS, ranking
from model.tuning.study import TrialResult

if TYPE_CHECKING:
    import optuna

TICK_S = 0.3  # between two looks at the running trials
PRUNED = N_("Pruned: after this epoch, it was worse than half of the other trials.")
STOPPED = N_("Stopped with its search.")
STOPPED_BY_USER = N_("Somebody stopped the search.")
_NOT_STARTED = N_("Its run left the queue before it started.")
_NO_EPOCH = N_("It ended before its first epoch was validated.")
_DELETED = N_("Its run was deleted.")
_GIVE_UP_S = 300.0  # without a trial that can be started
_RETRY_S = 3.0
_MOST_FAILED = 3  # if so many fail and none has succeeded, the others would fail, too

OnTrial = Callable[[TrialResult], None]


@dataclass(eq=False)
class _Active:
    """A trial whose run has been started."""

    trial: "optuna.Trial"
    run_id: str
    epochs: int  # planned
    reported: int = 0  # epochs
    pruned: bool = False
    may_resume: bool = False  # it was started by a process that no longer exists


class Search:
    """One search that this process runs."""

    def __init__(
        self,
        record: SearchRecord,
        jobs: JobManager,
        on_trial: OnTrial = lambda result: None,
        repeat_best: bool = False,
        clock: Callable[[], float] = time.monotonic,
        here: bool = False,
    ):
        """Take the lock of the search and open its study; with `repeat_best`, train the best trials again.

        With `here`, its runs are trained on this machine even if there is a cluster. `on_trial` is called with each
        trial that ends. Raises SearchError if another process runs the search, or its study can't be read.
        """
        self.record, self.settings, self.jobs = record, record.settings, jobs
        self._on_trial, self._clock, self._here = on_trial, clock, here
        self._lock = record.lock()
        self._leaving = threading.Event()
        self._active: list[_Active] = []
        self._pending: optuna.Trial | None = None  # asked for, but its run can't be started yet
        self._refused: tuple[float, float, str] | None = None  # since when, last try, why
        try:
            exists = record.journal.exists() and record.journal.stat().st_size > 0
            self.study = studies.open_study(record, repair=True) if exists else studies.new_study(record)
            if repeat_best:
                self._enqueue_repeats()
            (record.path / "stop").unlink(missing_ok=True)
            self.record = record.end("") if record.ended else record
        except BaseException:
            self._lock.release()
            raise
        self._begin = clock() - self._seconds_spent()

    def leave(self) -> None:
        """Return from `run` soon, without stopping anything: the process ends, and another one resumes the search."""
        self._leaving.set()

    def run(self) -> SearchRecord:
        """Run the search to its end and return its record; one that was left has not `ended`."""
        try:
            self._adopt()
            while not self._leaving.is_set():
                self._follow()
                if reason := self._reason_to_stop():
                    self._stop_all()
                    self.record = self.record.end("stopped", reason)
                    break
                if not self._start_trials() and not self._active:
                    self.record = self.record.end("finished")
                    break
                self._leaving.wait(TICK_S)
            return self.record
        finally:
            self._lock.release()

    def _reason_to_stop(self) -> str:
        if self.record.is_stop_requested():
            return STOPPED_BY_USER
        if self._refused and self._refused[1] - self._refused[0] > _GIVE_UP_S:
            return self._refused[2]
        results = studies.results(self.study)
        ended = [result for result in results if result.state != studies.RUNNING]
        if len(ended) >= _MOST_FAILED and all(result.state == studies.FAILED for result in ended):
            return ended[-1].reason
        return ""

    # Trials that start

    def _adopt(self) -> None:
        """Take over the trials that an earlier process has left running."""
        for trial in studies.running(self.study):
            run_id = str(trial.user_attrs.get("run", ""))
            if run_id:
                reported = max((epoch for epoch, _ in self._result(trial).curve), default=0)
                config = self._config(trial)
                self._active.append(_Active(trial, run_id, config.epochs, reported, may_resume=True))
            elif set(trial.params) == set(self.settings.names) and self._pending is None:
                self._pending = trial
            else:
                self._tell(trial, None, reason=_NOT_STARTED)

    def _start_trials(self) -> bool:
        """Start trials while there are free slots; return whether more will come."""
        while self._has_slot():
            if self._is_time_up() and self._pending is None:
                return False
            trial = self._pending or studies.ask(self.study, self.settings)
            if trial is None:
                return False
            if not self._start(trial):
                break
        return True

    def _has_slot(self) -> bool:
        """Return whether to start a trial: all slots may be used, but at most one trial waits in the queue."""
        if self._refused and self._clock() - self._refused[1] < _RETRY_S:
            return False
        return not self._active or (
            len(self._active) < self.jobs.slots(self._here) and self.jobs.free_slots(self._here) > 0
        )

    def _start(self, trial: "optuna.Trial") -> bool:
        """Start the run of a trial; return False if it has to wait because the server accepts no run now."""
        self._pending = None
        try:
            config = self._config(trial)
        except ConfigError as error:
            self._tell(trial, None, reason=str(error))
            return True
        try:
            run = self.jobs.start(config, replace(self.record.owner, group=self.record.id), here=self._here)
        except RunError as error:
            now = self._clock()
            self._refused = (self._refused[0] if self._refused else now, now, str(error))
            self._pending = trial
            return False
        self._refused = None
        trial.set_user_attr("run", run.id)
        self._active.append(_Active(trial, run.id, config.epochs))
        return True

    def _config(self, trial: "optuna.Trial") -> TrainingConfig:
        config = self.settings.config_of(trial.params)
        seed = trial.user_attrs.get("seed")
        return config if seed is None else replace(config, seed=int(seed))

    def _enqueue_repeats(self) -> None:
        base = self.settings.config.seed
        seeds = tuple((base + i) % 2**31 for i in range(1, REPEAT_SEEDS + 1))
        results = studies.results(self.study)
        done = {result.repeats for result in results}
        for result in ranking(results, self.settings)[:N_REPEATED]:
            if result.number not in done:
                studies.repeat(self.study, result, seeds)

    def _is_time_up(self) -> bool:
        return bool(self.settings.minutes) and self._clock() - self._begin >= 60 * self.settings.minutes

    def _seconds_spent(self) -> float:
        """Return for how long earlier processes have run this search."""
        spent = sum(result.seconds or 0.0 for result in studies.results(self.study))
        return spent / max(self.jobs.slots(self._here), 1)

    # Trials that run

    def _follow(self, stopping: bool = False) -> None:
        for active in list(self._active):
            if self._leaving.is_set():
                return
            try:
                run = self.jobs.store.open(active.run_id)
                state, history = self.jobs.state(run), run.history()
                if isinstance(run, FinishedRun) or not state.is_active:
                    run = self.jobs.store.open(active.run_id)  # it may have ended since it was opened
            except DigitLabError:
                self._end(active, None, reason=_DELETED)
                continue
            self._report(active, history)
            if state.is_active:
                self._prune(active, stopping)
            elif state is RunState.INTERRUPTED:
                self._interrupted(active, history, stopping)
            else:
                self._ended(active, run, history, stopping)

    def _report(self, active: _Active, history: History) -> None:
        """Report the validation value of each new epoch."""
        for epoch in history.epochs:
            if epoch.epoch > active.reported and not active.pruned:
                active.trial.report(getattr(epoch, self.settings.objective_name), epoch.epoch)
                active.reported = epoch.epoch

    def _prune(self, active: _Active, stopping: bool) -> None:
        is_over = active.reported >= active.epochs or active.pruned or stopping
        if active.reported and not is_over and active.trial.should_prune():
            active.pruned = self._send_stop(active, PRUNED)

    def _send_stop(self, active: _Active, reason: str) -> bool:
        """Stop the run of a trial; return False if the cluster doesn't answer."""
        try:
            self.jobs.send(active.run_id, Command(CommandName.STOP, reason=reason))
        except SchedulerError:
            return False
        return True

    def _interrupted(self, active: _Active, history: History, stopping: bool) -> None:
        if active.may_resume and not stopping:
            active.may_resume = False
            try:
                self.jobs.resume(active.run_id)
                return
            except RunError as error:
                self._end(active, None, reason=str(error))
                return
        if self._leaving.wait(2 * TICK_S):  # the server is exiting, and has interrupted all runs
            return
        reason = getattr(history.last, "reason", None) or (STOPPED if stopping else _NOT_STARTED)
        self._end(active, None, reason=reason)

    def _ended(self, active: _Active, run: Run, history: History, stopping: bool) -> None:
        if not isinstance(run, FinishedRun):
            self._end(active, None, reason=run.reason)
            return
        cut_short = active.pruned or (stopping and run.state() is RunState.STOPPED and active.reported > 0)
        wanted = active.reported if cut_short else run.kept_epoch
        kept = next((epoch for epoch in history.epochs if epoch.epoch == wanted), None)
        details: dict[str, Any] = (
            {"accuracy": kept.val_accuracy, "n_validation": history.plan.n_validation} if kept else {}
        )
        if cut_short:
            reason = PRUNED if active.pruned else STOPPED
            self._end(active, None, pruned=True, reason=reason, **details)
        elif kept is None:
            self._end(active, None, reason=_NO_EPOCH)
        else:
            self._end(active, getattr(kept, self.settings.objective_name), **details)

    def _end(self, active: _Active, value: float | None, pruned: bool = False, **details: Any) -> None:
        self._active.remove(active)
        self._tell(active.trial, value, pruned, **details)

    def _tell(self, trial: "optuna.Trial", value: float | None, pruned: bool = False, **details: Any) -> None:
        studies.tell(self.study, trial, value, pruned, **details)
        self._on_trial(self._result(trial))

    def _result(self, trial: "optuna.Trial") -> TrialResult:
        return next(result for result in studies.results(self.study) if result.number == trial.number)

    def _stop_all(self) -> None:
        """Stop the runs of all trials; each saves its network."""
        for active in self._active:
            self._send_stop(active, STOPPED)
        while self._active and not self._leaving.wait(TICK_S):
            self._follow(stopping=True)
        if self._pending is not None:
            self._tell(self._pending, None, reason=STOPPED)
            self._pending = None
