"""Plain-language comments on a training's curves, each with one suggestion.

Knows histories, but nothing about pages. The rules look at means of many batches and at the last epochs: a single batch
is too noisy.
"""

from dataclasses import dataclass

import numpy as np

from model.messages import Message
from model.runs.curves import History

_WINDOW = 50  # batches that are compared with the same number before them
_FLAT = 0.01  # a drop below this share of the loss is no progress
_GAP = 1.5  # validation loss over training loss from which the network counts as memorizing its images
_RISE = 1.1  # times the best validation loss so far; a smaller rise is noise
_POOR = 0.15  # an accuracy at most this far above guessing is hardly better
_DIVERGED = 3.0  # times the loss of guessing


@dataclass(frozen=True)
class Diagnosis:
    """One sentence on the state of a training and one suggestion; `name` is for tests and icons."""

    name: str  # too early | diverged | overfitting | underfitting | flat | learning
    finding: Message
    suggestion: Message


def diagnose(history: History, n_classes: int) -> Diagnosis:
    """Return a diagnosis of a training whose images have `n_classes` classes."""
    guessing = np.log(max(n_classes, 2))  # the loss of equal probabilities for all classes
    if len(history.loss) < 2 * _WINDOW and len(history.epochs) < 2:
        return Diagnosis(
            "too early",
            Message("The training has only just begun: it's too early for a verdict."),
            Message("Watch whether the loss goes down."),
        )
    now = history.loss[-_WINDOW:].mean()
    if not np.isfinite(now) or now > _DIVERGED * guessing or (now > 0.95 * guessing and history.loss[0] < now):
        return Diagnosis(
            "diverged",
            Message("The loss is no better than guessing: the steps are too large, so the weights jump around."),
            Message("Start again with a tenth of this learning rate."),
        )
    return _of_epochs(history, n_classes) or _of_batches(history.loss)


def _of_epochs(history: History, n_classes: int) -> Diagnosis | None:
    losses = [(epoch.loss, epoch.val_loss) for epoch in history.epochs if epoch.loss is not None]
    if len(losses) < 2:
        return None
    (_, earlier), (train, validation) = min(losses[:-1], key=lambda pair: pair[1]), losses[-1]
    if validation > _RISE * earlier and train < losses[-2][0] and validation > _GAP * train:
        return Diagnosis(
            "overfitting",
            Message(
                "Overfitting: the training loss keeps falling while the validation loss rises, so the network is "
                "memorizing its images."
            ),
            Message("Stop and save, or use more images, augmentation or dropout."),
        )
    accuracy = history.epochs[-1].val_accuracy
    if accuracy < 1 / n_classes + _POOR:
        return Diagnosis(
            "underfitting",
            Message("Underfitting: after {n} epochs the network is hardly better than guessing.", {"n": len(losses)}),
            Message("Try another learning rate or a larger network."),
        )
    return None


def _of_batches(losses: np.ndarray) -> Diagnosis:
    """Compare the last quarter with the one before it, because late in a training short stretches differ by chance."""
    quarter = max(_WINDOW, len(losses) // 4)
    now, before = losses[-quarter:], losses[-2 * quarter : -quarter]
    if len(before) and now.mean() > (1 - _FLAT) * before.mean():
        return Diagnosis(
            "flat",
            Message("The loss has levelled off: these settings won't get much further."),
            Message("A smaller learning rate may still help a little. Otherwise, stop and save."),
        )
    return Diagnosis("learning", Message("Still learning: the loss is going down."), Message("Let it continue."))
