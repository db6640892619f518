"""What of a run can be taken along or sent: its curves as CSV, its settings as a short text for an address.

Knows histories and settings; knows nothing of pages.
"""

import base64
import binascii
import csv
import io
import json

from model.errors import ConfigError
from model.history import History
from model.records import TrainingConfig

_LONGEST = 4_000  # characters of a text; settings take about 200


def history_csv(history: History) -> str:
    """Return one row a batch: step, loss, accuracy, learning rate; where an epoch ends, its validation figures too."""
    validation = {epoch["step"]: (epoch["val_loss"], epoch["val_accuracy"]) for epoch in history.epochs}
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["step", "loss", "accuracy", "learning_rate", "val_loss", "val_accuracy"])
    for batch in zip(history.step, history.loss, history.accuracy, history.learning_rate, strict=True):
        step, *figures = (each.item() for each in batch)
        rows.writerow([step, *figures, *validation.get(step, ("", ""))])
    return file.getvalue()


def settings_text(config: TrainingConfig) -> str:
    """Return what differs from the classroom exercise as a text that an address can carry."""
    usual = TrainingConfig().to_dict()
    values = {name: value for name, value in config.to_dict().items() if value != usual[name]}
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def settings_from(text: str) -> TrainingConfig:
    """Read what `settings_text` wrote. Raises ConfigError for anything else, whoever sent it."""
    try:
        if len(text) > _LONGEST:
            raise ValueError
        values = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise ConfigError(
            f"The settings of this address came as {text[:30]!r}…; expected a link that Digit Lab made, so copy "
            "it whole."
        ) from error
    return TrainingConfig.from_dict(values)
