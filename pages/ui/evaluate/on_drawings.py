"""On drawings: the same figures on digits that people drew in a browser, beside those on the test set.

The gap between a benchmark and people is the lesson. Knows scores and the gallery; computes no figure of its own.
"""

import streamlit as st

from model.errors import DataError
from model.evaluation.evaluate import DrawnDigits, EvaluationResult
from model.results import Metrics
from model.runs.run import FinishedRun
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.shell import identity, predictions

_SHOWN = 24
_PEOPLE, _MINE = "People's drawings", "My drawings"


def show(run: FinishedRun, result: EvaluationResult) -> None:
    """Draw the columns of figures, the matrix of one kind of drawings, and those read worst."""
    identity.identify()  # whose drawings are mine
    sets = _drawings(run)
    if not sets:
        st.info(
            "There are no drawings here, or this network does not read digits; to see how it reads people's hands, "
            "label what you draw on the Draw page, or put drawn-digits.jsonl into the folder named by DIGIT_LAB_DATA, "
            'a line each {"label": 7, "writer": "ann", "strokes": [[[x, y], …], …]}.',
            icon=":material/draw:",
        )
        return
    _figures(result, {whose: scored for whose, (_, scored) in sets.items()})
    whose = next(iter(sets))
    if len(sets) > 1:
        whose = st.segmented_control(
            "Whose", list(sets), default=whose, required=True, key="eval-drawn-whose", label_visibility="collapsed"
        )
    drawn, scored = sets[whose]
    st.caption(_in_words(result, scored, drawn.n_writers, whose))
    _matrix_and_mistakes(drawn, scored)


def _drawings(run: FinishedRun) -> dict[str, tuple[DrawnDigits, EvaluationResult]]:
    """Return the sets of drawings with their results, by whose they are; show what is wrong with a file."""
    try:
        people = predictions.on_drawings(run)
    except DataError as error:
        st.warning(str(error))
        people = None
    sets = {_PEOPLE: people, _MINE: predictions.on_my_drawings(run)}
    return {whose: scored for whose, scored in sets.items() if scored}


def _figures(result: EvaluationResult, on_drawings: dict[str, EvaluationResult]) -> None:
    columns = {"Test set": _column(result)} | {whose: _column(scored) for whose, scored in on_drawings.items()}
    st.table(
        {"Figure": list(columns["Test set"])} | {title: list(column.values()) for title, column in columns.items()},
        hide_index=True,
        border="horizontal",
    )


def _in_words(result: EvaluationResult, scored: EvaluationResult, n_writers: int, whose: str) -> str:
    n = f"{scored.metrics.n:,} digit{'s' * (scored.metrics.n != 1)}"
    people = "one person" if n_writers == 1 else f"{n_writers} people"
    what = f"{n} drawn by {people} of whom the network learnt nothing."
    if whose == _MINE:
        what = f"{n} that you drew and labelled on the Draw page; a network that was taught them knows some by heart."
    gap = 100 * (result.metrics.accuracy - scored.metrics.accuracy)
    compared = f"{abs(gap):.2f} points {'worse' if gap > 0 else 'better'} on them than" if gap else "as good on them as"
    return (
        f"{what} It is {compared} on its test set: a benchmark tells how well it reads what looks like its training "
        "images."
    )


def _matrix_and_mistakes(drawn: DrawnDigits, scored: EvaluationResult) -> None:
    names = scored.metrics.class_names
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        figure = evaluation_charts.confusion_matrix(
            scored.metrics.confusion, names, dark=st.context.theme.type == "dark"
        )
        st.plotly_chart(figure, height=400, config={"displayModeBar": False}, key="eval-drawn-matrix")
    with right:
        st.markdown("**Read wrong, the surest first**")
        _mistakes(drawn, scored.metrics)


def _column(result: EvaluationResult) -> dict[str, str]:
    metrics, (low, high) = result.metrics, result.interval
    return {
        "Images": f"{metrics.n:,}",
        "Accuracy": f"{metrics.accuracy:.2%}",
        "95 % interval": f"{low:.2%} to {high:.2%}",
        "Loss": f"{metrics.loss:.4f}",
        "Macro F1": f"{metrics.macro_f1:.4f}",
        "Calibration error": f"{result.calibration_error or 0:.2%}",
    }


def _mistakes(drawn: DrawnDigits, metrics: Metrics) -> None:
    names = metrics.class_names
    if not metrics.mistakes:
        st.markdown(":material/check: None.")
        return
    image_grid(
        (
            Tile(
                drawn.images[mistake.index],
                (f"{names[mistake.true]} read as {names[mistake.predicted]}", f"{mistake.probability:.0%} sure"),
                f"a drawn {names[mistake.true]}, read as {names[mistake.predicted]}",
                right=False,
            )
            for mistake in metrics.mistakes[:_SHOWN]
        ),
        side=60,
    )
