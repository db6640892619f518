"""The curves of a run as CSV."""

import csv
import io

from model.runs.curves import History


def history_csv(history: History) -> str:
    """Return one row per batch: step, loss, accuracy, learning rate, and validation figures at the end of an epoch."""
    validation = {epoch.step: (epoch.val_loss, epoch.val_accuracy) for epoch in history.epochs}
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["step", "loss", "accuracy", "learning_rate", "val_loss", "val_accuracy"])
    for batch in zip(history.step, history.loss, history.accuracy, history.learning_rate, strict=True):
        step, *figures = (value.item() for value in batch)
        rows.writerow([step, *figures, *validation.get(step, ("", ""))])
    return file.getvalue()
