"""On drawings: the same figures on digits that people drew in a browser, beside those on the test set.

The gap between a benchmark and people is the lesson. Knows scores and the gallery; computes no figure of its own.
"""

import streamlit as st

from model import judgement
from model.errors import DataError
from model.evaluation import ScoredDrawings
from model.metrics import expected_calibration_error
from model.records import Metrics
from model.runs import Run
from pages.ui.evaluation import charts, scores
from pages.ui.evaluation.scores import Score
from pages.ui.gallery import Tile, gallery

_SHOWN = 24


def show(run: Run, score: Score) -> None:
    """Draw both columns of figures, the matrix of the drawings, and those read worst."""
    try:
        drawn = scores.on_drawings(run)
    except DataError as error:
        st.warning(str(error))
        return
    if drawn is None:
        st.info(
            "There are no drawings here, or this network does not read digits; to see how it reads people's hands, put "
            "drawn-digits.jsonl into the folder named by DIGIT_LAB_DATA, a line each "
            '{"label": 7, "writer": "ann", "strokes": [[[x, y], …], …]}.',
            icon=":material/draw:",
        )
        return
    _figures(score, drawn)
    names = [each.name for each in drawn.metrics.classes]
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        figure = charts.confusion_matrix(drawn.metrics.confusion, names, dark=st.context.theme.type == "dark")
        st.plotly_chart(figure, height=400, config={"displayModeBar": False}, key="eval-drawn-matrix")
    with right:
        st.markdown("**Read wrong, the surest first**")
        _mistakes(drawn, names)


def _figures(score: Score, drawn: ScoredDrawings) -> None:
    said = drawn.evaluation.probabilities
    ours = (drawn.metrics, said.argmax(axis=1) == drawn.evaluation.labels, said.max(axis=1))
    columns = {"Test set": (score.metrics, score.right, score.confidence), "Drawings": ours}
    rows = {title: _column(*values) for title, values in columns.items()}
    st.table(
        {"Figure": list(next(iter(rows.values())))} | {title: list(column.values()) for title, column in rows.items()},
        hide_index=True,
        border="horizontal",
    )
    gap = 100 * (score.metrics.accuracy - drawn.metrics.accuracy)
    st.caption(
        f"{drawn.metrics.n:,} digits drawn by {drawn.n_writers} people of whom the network learnt nothing. It is "
        f"{abs(gap):.2f} points {'worse' if gap > 0 else 'better'} on them than on its test set: a benchmark tells how "
        "well it reads what looks like its training images."
    )


def _column(metrics: Metrics, right, confidence) -> dict[str, str]:
    low, high = judgement.wilson(metrics.n - len(metrics.mistakes), metrics.n)
    return {
        "Images": f"{metrics.n:,}",
        "Accuracy": f"{metrics.accuracy:.2%}",
        "95 % interval": f"{low:.2%} to {high:.2%}",
        "Loss": f"{metrics.loss:.4f}",
        "Macro F1": f"{metrics.macro_f1:.4f}",
        "Calibration error": f"{expected_calibration_error(right, confidence):.2%}",
    }


def _mistakes(drawn: ScoredDrawings, names: list[str]) -> None:
    gallery(
        (
            Tile(
                drawn.drawn.images[each.index],
                (f"{names[each.true]} read as {names[each.predicted]}", f"{each.probability:.0%} sure"),
                f"a drawn {names[each.true]}, read as {names[each.predicted]}",
                right=False,
            )
            for each in drawn.metrics.mistakes[:_SHOWN]
        ),
        side=60,
    )
