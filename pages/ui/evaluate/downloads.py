"""Downloads of an evaluation: predictions as CSV, metrics as JSON, and a report as HTML.

Knows scores and plain text formats.
"""

import csv
import io
import json

import streamlit as st

from model.evaluation.evaluate import EvaluationResult
from model.runs.run import FinishedRun
from pages.ui.report.report import report
from pages.ui.translation import _


def menu(run: FinishedRun, result: EvaluationResult, epoch: int | None) -> None:
    """Draw the downloads; each file is made when its button is clicked. `epoch` None is the final network."""
    base = run.id if epoch is None else f"{run.id}-epoch-{epoch:03}"
    with st.popover(_("Download"), icon=":material/download:", key="eval-downloads"):
        for label, name, make in (
            (_("Predictions (CSV)"), f"{base}-predictions.csv", lambda: predictions_csv(result)),
            (_("Metrics (JSON)"), f"{base}-metrics.json", lambda: metrics_json(run, result, epoch)),
            (_("Report (HTML)"), f"{run.id}-report.html", lambda: report(run)),
        ):
            kind = name.rsplit("-", 1)[-1]
            st.download_button(
                label, make, file_name=name, key=f"eval-download-{kind}", on_click="ignore", width="stretch"
            )
        if epoch is not None:
            st.caption(
                _(
                    "Predictions and metrics are of the network after epoch {epoch}; the report covers the whole run."
                ).format(epoch=epoch)
            )


def predictions_csv(result: EvaluationResult) -> str:
    """Return one row for each test image: number, true and predicted class, and the probability of every class."""
    names, predictions = list(map(_spreadsheet_text, result.metrics.class_names)), result.predictions
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["image", "true", "predicted", *(f"p({name})" for name in names)])
    for index, (label, probabilities) in enumerate(zip(predictions.labels, predictions.probabilities, strict=True)):
        best = names[int(probabilities.argmax())]
        rows.writerow([index, names[label], best, *(f"{probability:.6g}" for probability in probabilities)])
    return file.getvalue()


def _spreadsheet_text(name: str) -> str:
    """Return a class name that no spreadsheet takes for a formula; a sign alone, as in a set of operators, stays."""
    return f"'{name}" if len(name) > 1 and name[0] in "=+-@" else name


def metrics_json(run: FinishedRun, result: EvaluationResult, epoch: int | None) -> str:
    """Return the metrics of the page with their run and epoch; `epoch` None is the final network."""
    kept = epoch is None
    source = {"run": run.id, "epoch": run.kept_epoch if kept else epoch, "kept": kept, "dataset": run.config.dataset}
    more = {
        "accuracy_interval_95": list(result.interval),
        "calibration_error": result.calibration_error,
    }
    return json.dumps(source | result.metrics.to_dict() | more, indent=1)
