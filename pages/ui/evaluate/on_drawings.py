"""On drawings: the same figures on digits that people drew in a browser, beside those on the test set.

The gap between a benchmark and people is the lesson. Knows scores and the gallery; computes no figure of its own.
"""

import streamlit as st

from model.errors import DataError
from model.evaluation import analysis
from model.evaluation.evaluate import ScoredDrawings
from model.evaluation.metrics import expected_calibration_error
from model.results import Metrics
from model.runs.run import Run
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.shell import identity, predictions
from pages.ui.shell.predictions import Score

_SHOWN = 24
_PEOPLE, _MINE = "People's drawings", "My drawings"


def show(run: Run, score: Score) -> None:
    """Draw the columns of figures, the matrix of one kind of drawings, and those read worst."""
    identity.identify()  # whose drawings are mine
    found = _found(run)
    if not found:
        st.info(
            "There are no drawings here, or this network does not read digits; to see how it reads people's hands, "
            "label what you draw on the Draw page, or put drawn-digits.jsonl into the folder named by DIGIT_LAB_DATA, "
            'a line each {"label": 7, "writer": "ann", "strokes": [[[x, y], …], …]}.',
            icon=":material/draw:",
        )
        return
    _figures(score, found)
    whose = next(iter(found))
    if len(found) > 1:
        whose = st.segmented_control(
            "Whose", list(found), default=whose, required=True, key="eval-drawn-whose", label_visibility="collapsed"
        )
    st.caption(_in_words(score, found[whose], whose))
    _matrix_and_mistakes(found[whose])


def _found(run: Run) -> dict[str, ScoredDrawings]:
    """Return what drawings there are, by whose they are; a file that can't be read is told."""
    try:
        people = predictions.on_drawings(run)
    except DataError as error:
        st.warning(str(error))
        people = None
    found = {_PEOPLE: people, _MINE: predictions.on_my_drawings(run)}
    return {whose: drawn for whose, drawn in found.items() if drawn}


def _figures(score: Score, found: dict[str, ScoredDrawings]) -> None:
    rows = {"Test set": _column(score.metrics, score.right, score.confidence)}
    for whose, drawn in found.items():
        said = drawn.evaluation.probabilities
        rows[whose] = _column(drawn.metrics, said.argmax(axis=1) == drawn.evaluation.labels, said.max(axis=1))
    st.table(
        {"Figure": list(rows["Test set"])} | {title: list(column.values()) for title, column in rows.items()},
        hide_index=True,
        border="horizontal",
    )


def _in_words(score: Score, drawn: ScoredDrawings, whose: str) -> str:
    n = f"{drawn.metrics.n:,} digit{'s' * (drawn.metrics.n != 1)}"
    people = "one person" if drawn.n_writers == 1 else f"{drawn.n_writers} people"
    what = f"{n} drawn by {people} of whom the network learnt nothing."
    if whose == _MINE:
        what = f"{n} that you drew and labelled on the Draw page; a network that was taught them knows some by heart."
    gap = 100 * (score.metrics.accuracy - drawn.metrics.accuracy)
    compared = f"{abs(gap):.2f} points {'worse' if gap > 0 else 'better'} on them than" if gap else "as good on them as"
    return (
        f"{what} It is {compared} on its test set: a benchmark tells how well it reads what looks like its training "
        "images."
    )


def _matrix_and_mistakes(drawn: ScoredDrawings) -> None:
    names = [each.name for each in drawn.metrics.classes]
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        figure = evaluation_charts.confusion_matrix(
            drawn.metrics.confusion, names, dark=st.context.theme.type == "dark"
        )
        st.plotly_chart(figure, height=400, config={"displayModeBar": False}, key="eval-drawn-matrix")
    with right:
        st.markdown("**Read wrong, the surest first**")
        _mistakes(drawn, names)


def _column(metrics: Metrics, right, confidence) -> dict[str, str]:
    low, high = analysis.wilson_interval(metrics.n - len(metrics.mistakes), metrics.n)
    return {
        "Images": f"{metrics.n:,}",
        "Accuracy": f"{metrics.accuracy:.2%}",
        "95 % interval": f"{low:.2%} to {high:.2%}",
        "Loss": f"{metrics.loss:.4f}",
        "Macro F1": f"{metrics.macro_f1:.4f}",
        "Calibration error": f"{expected_calibration_error(right, confidence):.2%}",
    }


def _mistakes(drawn: ScoredDrawings, names: list[str]) -> None:
    if not drawn.metrics.mistakes:
        st.markdown(":material/check: None.")
        return
    image_grid(
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
