"""What of an evaluation can be taken along: predictions as CSV, figures as JSON, all of it as a report.

Knows scores and plain text formats.
"""

import csv
import io
import json

import streamlit as st

from model.evaluation.evaluate import EvaluationResult
from model.runs.run import FinishedRun
from pages.ui.report.report import report


def menu(run: FinishedRun, result: EvaluationResult, epoch: int | None) -> None:
    """Draw the downloads; each is made when it is asked for. `epoch` None is the network that the run keeps."""
    of = run.id if epoch is None else f"{run.id}-epoch-{epoch:03}"
    with st.popover("Take along", icon=":material/download:"):
        for label, name, make in (
            ("Predictions as CSV", f"{of}-predictions.csv", lambda: predictions_csv(result)),
            ("Figures as JSON", f"{of}-metrics.json", lambda: metrics_json(run, result, epoch)),
            ("Report as HTML", f"{run.id}-report.html", lambda: report(run)),
        ):
            kind = name.rsplit("-", 1)[-1]
            st.download_button(
                label, make, file_name=name, key=f"eval-download-{kind}", on_click="ignore", width="stretch"
            )
        if epoch is not None:
            st.caption(f"Predictions and figures are those after epoch {epoch}; the report is of the whole run.")


def predictions_csv(result: EvaluationResult) -> str:
    """Return one row a test image: number, true and predicted class, and the probability of every class."""
    names, predictions = result.metrics.class_names, result.predictions
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["image", "true", "predicted", *(f"p({name})" for name in names)])
    for index, (label, probabilities) in enumerate(zip(predictions.labels, predictions.probabilities, strict=True)):
        best = names[int(probabilities.argmax())]
        rows.writerow([index, names[label], best, *(f"{probability:.6g}" for probability in probabilities)])
    return file.getvalue()


def metrics_json(run: FinishedRun, result: EvaluationResult, epoch: int | None) -> str:
    """Return the figures of the page with the run they are of, and the epoch where it is not the kept one's."""
    kept = epoch is None
    of = {"run": run.id, "epoch": run.kept_epoch if kept else epoch, "kept": kept}
    more = {
        "accuracy_interval_95": list(result.interval),
        "calibration_error": result.calibration_error,
    }
    return json.dumps(of | {"dataset": run.config.dataset} | result.metrics.to_dict() | more, indent=1)
