"""What a training's curves say, in plain words, with one suggestion each.

Knows a history; knows nothing of pages. The rules look at means of many batches and at the last epochs: a single batch
says nothing.
"""

from dataclasses import dataclass

import numpy as np

from model.runs.curves import History

_WINDOW = 50  # batches that are compared with the same number before
_FLAT = 0.01  # a smaller share of the loss is no progress
_GAP = 1.5  # validation loss over training loss from which on the network knows its images by heart
_RISE = 1.1  # times the best validation loss so far: less is noise
_POOR = 0.15  # above the share of images that guessing gets right: hardly better than that
_DIVERGED = 3.0  # times the loss of guessing


@dataclass(frozen=True)
class Diagnosis:
    """One sentence on what is happening and one on what to try; `name` is for tests and icons."""

    name: str  # too early | diverged | overfitting | underfitting | flat | learning
    finding: str
    suggestion: str


def diagnose(history: History, n_classes: int) -> Diagnosis:
    """Name what is happening in a training whose images are of `n_classes` classes."""
    guessing = np.log(max(n_classes, 2))  # the loss of who gives every class the same probability
    if len(history.loss) < 2 * _WINDOW and len(history.epochs) < 2:
        return Diagnosis("too early", "The first batches: too early to say.", "Watch whether the loss comes down.")
    now = history.loss[-_WINDOW:].mean()
    if not np.isfinite(now) or now > _DIVERGED * guessing or (now > 0.95 * guessing and history.loss[0] < now):
        return Diagnosis(
            "diverged",
            "The loss is no lower than guessing would give: the steps are too large and the weights jump about.",
            "Start again with a tenth of the learning rate.",
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
            "The training loss falls on while the validation loss rises: the network learns its images by heart.",
            "Stop and keep, or give it more images, augmentation or dropout.",
        )
    accuracy = history.epochs[-1].val_accuracy
    if accuracy < 1 / n_classes + _POOR:
        return Diagnosis(
            "underfitting",
            f"After {len(losses)} epochs it is hardly better than guessing.",
            "Try another learning rate or a larger network.",
        )
    return None


def _of_batches(losses: np.ndarray) -> Diagnosis:
    """Compare the last quarter with the one before it: late in a training, fewer batches differ by chance alone."""
    quarter = max(_WINDOW, len(losses) // 4)
    now, before = losses[-quarter:], losses[-2 * quarter : -quarter]
    if len(before) and now.mean() > (1 - _FLAT) * before.mean():
        return Diagnosis(
            "flat",
            "The loss hardly changes any more: this is about what these settings give.",
            "A smaller learning rate may find a little more; otherwise stop and keep.",
        )
    return Diagnosis("learning", "Still learning: the loss is coming down.", "Let it go on.")
