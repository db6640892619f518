"""What of an evaluation can be taken along: predictions as CSV, figures as JSON, all of it as a report.

Knows scores and plain text formats.
"""

import csv
import io
import json

import numpy as np
import streamlit as st

from model import judgement
from model.runs import Run
from pages.ui.evaluation.scores import Score
from pages.ui.report import training_report


def menu(run: Run, score: Score) -> None:
    """Draw the downloads; each is made when it is asked for."""
    with st.popover("Take along", icon=":material/download:"):
        for label, name, make in (
            ("Predictions as CSV", "predictions.csv", lambda: predictions_csv(score)),
            ("Figures as JSON", "metrics.json", lambda: metrics_json(run, score)),
            ("Report as HTML", "report.html", lambda: training_report(run)),
        ):
            st.download_button(
                label, make, file_name=f"{run.id}-{name}", key=f"eval-download-{name}", on_click="ignore",
                width="stretch",
            )  # fmt: skip


def predictions_csv(score: Score) -> str:
    """Return one row a test image: number, true and predicted class, and the probability of every class."""
    names = [each.name for each in score.metrics.classes]
    said, labels = score.evaluation.probabilities, score.evaluation.labels
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["image", "true", "predicted", *(f"p({name})" for name in names)])
    for index, (label, probabilities) in enumerate(zip(labels, said, strict=True)):
        best = names[int(probabilities.argmax())]
        rows.writerow([index, names[label], best, *(f"{probability:.6g}" for probability in probabilities)])
    return file.getvalue()


def metrics_json(run: Run, score: Score) -> str:
    """Return the figures of the page with the run they are of."""
    n_right = int(np.count_nonzero(score.right))
    low, high = judgement.wilson(n_right, score.metrics.n)
    values = {"run": run.id, "dataset": run.config.dataset} | score.metrics.to_dict()
    return json.dumps(values | {"accuracy_interval_95": [low, high]}, indent=1)
