"""The progress of a training in a terminal. Knows events; prints to stderr, and the result to stdout."""

import sys
from pathlib import Path

from model.runs.events import (
    BatchEvent,
    DownloadingEvent,
    DrawingEvent,
    EpochEvent,
    Event,
    FailedEvent,
    FinishedEvent,
    InterruptedEvent,
    ResumedEvent,
    StartedEvent,
    TrainingPlan,
)


class TerminalProgress:
    """Shows the progress in a terminal: one line that is overwritten, and a permanent one for each epoch."""

    def __init__(self, folder: Path):
        """Show the training of the run in `folder`."""
        self._folder = folder
        self._plan = TrainingPlan()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case DownloadingEvent():
                self._overwrite(f"Downloading {event.dataset}: {event.percent}%")
            case DrawingEvent():
                self._overwrite(f"Drawing training images: {event.images:,}")
            case StartedEvent() | ResumedEvent():
                self._plan = event.plan or self._plan
            case BatchEvent():
                self._batch(event)
            case EpochEvent():
                self._epoch(event)
            case FailedEvent():
                self._line(str(event.reason))
            case InterruptedEvent():
                reason = event.reason or "Interrupted."
                self._line(f"{reason} Continue with: python -m model train --resume {self._folder.name}")
            case FinishedEvent():
                self._overwrite("")
                print(f"Test accuracy {event.accuracy:.2%}, loss {event.loss:.4f}. Saved in {self._folder}")

    def _batch(self, event: BatchEvent) -> None:
        per_epoch, epochs = self._plan.batches_per_epoch, self._plan.epochs
        done = event.step - (event.epoch - 1) * per_epoch
        if done % 10 and done != per_epoch:
            return
        filled = 30 * done // per_epoch
        bar = "=" * filled + "." * (30 - filled)
        self._overwrite(f"Epoch {event.epoch}/{epochs} [{bar}] loss {event.loss:.4f}")

    def _epoch(self, event: EpochEvent) -> None:
        train = "" if event.loss is None else f"loss {event.loss:.4f}, accuracy {event.accuracy:.2%}; "
        validation = f"validation loss {event.val_loss:.4f}, accuracy {event.val_accuracy:.2%}"
        self._line(f"Epoch {event.epoch}: {train}{validation}")

    def _overwrite(self, text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def _line(self, text: str) -> None:
        self._overwrite("")
        print(text, file=sys.stderr, flush=True)
