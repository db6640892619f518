"""A job manager without processes: each look at a run trains one more epoch of it."""

import math
from dataclasses import replace

import numpy as np

from model.errors import RunError
from model.evaluation.metrics import compute_metrics
from model.limits import Limits
from model.runs.atomic_files import write_json
from model.runs.events import (
    EpochEvent,
    EventLog,
    FinishedEvent,
    InterruptedEvent,
    RunState,
    StartedEvent,
    StoppedEvent,
)
from model.runs.manifest import DatasetInfo, Manifest, TrainingOutcome
from model.runs.store import RunStore
from model.training.commands import CommandName

N_VALIDATION = 500
DATASET = DatasetInfo("own", "a folder", "0" * 16, 3, 3, (28, 28, 1), ("a", "b"))


def accuracy_of(config, epoch):
    """The validation accuracy after an epoch: highest for a learning rate of 0.01, and it grows with the epochs."""
    return round(0.95 - 0.1 * abs(math.log10(config.learning_rate) + 2) - 0.05 / epoch + 0.001 * config.seed, 6)


class FakeJobs:
    """Everything that a search needs of a job manager."""

    def __init__(self, home, trainings=1):
        self.store, self.limits = RunStore(home), Limits(trainings=trainings, epochs=1000)
        self.active, self.refuse, self.fail, self.sent, self.resumed = [], "", False, [], []

    def check_answers(self):
        pass

    def slots(self, here=False):
        return self.limits.trainings

    def free_slots(self, here=False):
        return self.limits.trainings - len(self.active)

    def start(self, config, metadata, here=False):
        if self.refuse:
            raise RunError(self.refuse)
        run = self.store.create(config, metadata)
        self.write(run, StartedEvent(epochs=config.epochs, batches_per_epoch=10, n_validation=N_VALIDATION))
        self.active.append(run.id)
        return run

    def resume(self, run_id):
        self.resumed.append(run_id)
        self.active.append(run_id)

    def write(self, run, event):
        log = EventLog(run.path / "events.jsonl")
        log.write(event)
        log.close()

    def state(self, run):
        if run.manifest:
            return run.manifest.state
        if run.id not in self.active:
            return RunState.INTERRUPTED
        epoch = len(run.history().epochs) + 1
        if self.fail:
            self.active.remove(run.id)
            write_json(run.path / "run.json", Manifest(RunState.FAILED, "The loss is not a number.").to_dict())
            return RunState.FAILED
        if epoch > run.config.epochs:
            self.finish(run, RunState.FINISHED)
            return RunState.FINISHED
        accuracy = accuracy_of(run.config, epoch)
        self.write(run, EpochEvent(epoch=epoch, step=10 * epoch, val_loss=1 - accuracy, val_accuracy=accuracy))
        return RunState.RUNNING

    def send(self, run_id, command):
        self.sent.append((run_id, command))
        if command.do == CommandName.STOP and run_id in self.active:
            run = self.store.open(run_id)
            self.write(run, StoppedEvent(step=0, reason=command.reason))
            self.finish(run, RunState.STOPPED, command.reason or "")

    def finish(self, run, state, reason=""):
        self.active.remove(run.id)
        epochs = len(run.history().epochs)
        figures = compute_metrics(np.array([0, 1]), np.eye(2, dtype=np.float32), "ab")
        outcome = TrainingOutcome(figures, parameters=5, kept_epoch=epochs, epochs=epochs)
        write_json(run.path / "config.json", replace(run.description, dataset=DATASET).to_dict())
        write_json(run.path / "run.json", Manifest(state, reason, outcome).to_dict())
        self.write(run, FinishedEvent(status=state, accuracy=1.0, loss=0.0, kept_epoch=epochs))

    def kill(self):
        """End as a killed server and its workers do."""
        for run_id in self.active:
            self.write(self.store.open(run_id), InterruptedEvent(step=0, reason="killed"))
        self.active = []
