"""Drawings: the same metrics on digits that people drew in a browser, beside those on the test set.

The gap between a benchmark and real handwriting is the lesson. Knows scores and the grid; computes no figures itself.
"""

import streamlit as st

from model.errors import DataError
from model.evaluation.evaluate import DrawnDigits, EvaluationResult
from model.messages import N_
from model.results import Metrics
from model.runs.run import FinishedRun
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate import help
from pages.ui.language import format_number
from pages.ui.shell import identity, predictions
from pages.ui.shell.text import markdown, percent
from pages.ui.translation import _, ngettext

_SHOWN = 24
_OTHERS, _ME = "others", "me"
_TITLES = {_OTHERS: N_("Other people"), _ME: N_("Me")}
_COLUMN_TITLES = {_OTHERS: N_("Drawings by other people"), _ME: N_("My drawings")}
_EXAMPLE = '{"label": 7, "writer": "ann", "strokes": [[[x, y], …], …]}'


def show(run: FinishedRun, result: EvaluationResult) -> None:
    """Draw the metrics in columns, the matrix of one set of drawings, and its misclassified drawings."""
    identity.identify()  # to find this visitor's drawings
    sets = _drawings(run)
    if not sets:
        st.info(
            _(help.NO_DRAWINGS).format(example=_EXAMPLE) if run.reads_digits else _(help.OTHER_READER),
            icon=":material/draw:",
        )
        return
    _metrics(result, {name: scored for name, (drawn, scored) in sets.items()})
    chosen = next(iter(sets))
    if len(sets) > 1:
        chosen = st.segmented_control(
            _("Drawings by"),
            list(sets),
            format_func=lambda name: _(_TITLES[name]),
            default=chosen,
            required=True,
            key="eval-drawn-whose",
        )
    drawn, scored = sets[chosen]
    about = about_own(scored.metrics.n) if chosen == _ME else about_others(scored.metrics.n, drawn.n_writers)
    st.caption(f"{about} {_gap(result, scored)} {_(help.BENCHMARK)}")
    _matrix_and_mistakes(drawn, scored)


def _drawings(run: FinishedRun) -> dict[str, tuple[DrawnDigits, EvaluationResult]]:
    """Return each set of drawings with its result; show what is wrong with a file."""
    try:
        others = predictions.on_drawings(run)
    except DataError as error:
        st.warning(markdown(error))
        others = None
    sets = {_OTHERS: others, _ME: predictions.on_my_drawings(run)}
    return {name: scored for name, scored in sets.items() if scored}


def _metrics(result: EvaluationResult, on_drawings: dict[str, EvaluationResult]) -> None:
    columns = {_("Test set"): _column(result)}
    columns |= {_(_COLUMN_TITLES[name]): _column(scored) for name, scored in on_drawings.items()}
    st.table(
        {_("Metric"): list(_column(result))} | {title: list(column.values()) for title, column in columns.items()},
        hide_index=True,
        border="horizontal",
    )


def about_others(n: int, n_writers: int) -> str:
    """Return a sentence on n drawings by other people."""
    return ngettext(
        "Drawings: {n}, by {n_writers} person whose handwriting wasn't used for training.",
        "{n} drawings by {n_writers} people whose handwriting wasn't used for training.",
        n_writers,
    ).format(n=format_number(n, ","), n_writers=n_writers)


def about_own(n: int) -> str:
    """Return a sentence on n of the visitor's drawings."""
    return ngettext(
        "{n} digit that you drew and labelled on the Draw page. A network trained on it may have memorized it.",
        "{n} digits that you drew and labelled on the Draw page. A network trained on them may have memorized some.",
        n,
    ).format(n=format_number(n, ","))


def _gap(result: EvaluationResult, scored: EvaluationResult) -> str:
    gap = 100 * (result.metrics.accuracy - scored.metrics.accuracy)
    if not gap:
        return _("The accuracy is the same as on the test set.")
    text = (
        _("The accuracy is {points} percentage points lower than on the test set.")
        if gap > 0
        else _("The accuracy is {points} percentage points higher than on the test set.")
    )
    return text.format(points=format_number(abs(gap), ".2f"))


def _matrix_and_mistakes(drawn: DrawnDigits, scored: EvaluationResult) -> None:
    names = scored.metrics.class_names
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        figure = evaluation_charts.confusion_matrix(
            scored.metrics.confusion, names, dark=st.context.theme.type == "dark"
        )
        description = evaluation_charts.describe_matrix(scored.metrics.confusion)
        live_chart(figure, "eval-drawn-matrix", 400, description)
    with right:
        st.markdown(_("**Misclassified, most confident first**"))
        _mistakes(drawn, scored.metrics)


def _column(result: EvaluationResult) -> dict[str, str]:
    metrics, (low, high) = result.metrics, result.interval
    return {
        _("Images"): format_number(metrics.n, ","),
        _("Accuracy"): format_number(metrics.accuracy, ".2%"),
        _("95% interval"): _("{low} to {high}").format(low=format_number(low, ".2%"), high=format_number(high, ".2%")),
        _("Loss"): format_number(metrics.loss, ".4f"),
        _("F1"): format_number(metrics.macro_f1, ".4f"),
        _("Calibration error"): format_number(result.calibration_error or 0, ".2%"),
    }


def _mistakes(drawn: DrawnDigits, metrics: Metrics) -> None:
    names = metrics.class_names
    if not metrics.mistakes:
        st.markdown(_(":material/check: All drawings are classified correctly."))
        return
    n, shown = len(metrics.mistakes), min(len(metrics.mistakes), _SHOWN)
    text = ngettext("{shown} of {n} misclassified drawing.", "{shown} of {n} misclassified drawings.", n)
    legend = _("Under each drawing: true → predicted class, and confidence.")
    st.caption(f"{text.format(shown=shown, n=n)} {legend}")
    image_grid(
        (
            Tile(
                drawn.images[mistake.index],
                (f"{names[mistake.true]} → {names[mistake.predicted]}", percent(mistake.probability)),
                _("Drawing of {true}, predicted as {predicted}").format(
                    true=names[mistake.true], predicted=names[mistake.predicted]
                ),
                right=False,
            )
            for mistake in metrics.mistakes[:_SHOWN]
        ),
        side=60,
    )
