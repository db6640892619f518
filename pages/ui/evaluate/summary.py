"""How good: the figures of one network on a test set, each with a sentence of meaning, and two networks compared.

Knows scores and judgements; computes no figure of its own.
"""

import streamlit as st

from model.errors import DigitLabError
from model.evaluation import analysis
from model.evaluation.evaluate import EvaluationResult
from model.results import Metrics
from model.runs.run import FinishedRun
from pages.ui.shell import predictions
from pages.ui.shell.text import plain, run_title

_CARD_COLUMNS = (("What", "what"), ("Figure", "figure"), ("n", "n"))


def show(run: FinishedRun, metrics: Metrics, result: EvaluationResult | None, epoch: int) -> None:
    """Draw the figures; `result` is None where the answers to the single images can't be read."""
    low, high = analysis.wilson_interval(metrics.n_correct, metrics.n)
    shown = [
        (
            "Accuracy",
            f"{metrics.accuracy:.2%}",
            f"{len(metrics.mistakes):,} of {metrics.n:,} test images are read wrong.",
        ),
        ("Loss", f"{metrics.loss:.4f}", "Mean cross-entropy: small when the true class gets a high probability."),
        (
            "Precision",
            f"{metrics.macro_precision:.4f}",
            "Of what is called a class, the share that is it; mean of classes.",
        ),
        ("Recall", f"{metrics.macro_recall:.4f}", "Of what is a class, the share that is called it; mean of classes."),
        ("F1", f"{metrics.macro_f1:.4f}", "The harmonic mean of precision and recall; mean of classes."),
    ]
    if result is not None:
        gap = result.calibration_error or 0.0
        shown.append(
            ("Calibration error", f"{gap:.2%}", "How far the probabilities lie from how often they are right, in mean.")
        )
    with st.container(key="eval-accuracy", horizontal=True, gap="medium"):
        for label, value, meaning in shown:
            st.metric(label, value, help=meaning, width="content")
    st.caption(
        f"On {metrics.n:,} test images that the network never learnt from: on all images of the kind, its accuracy is "
        f"probably between {low:.2%} and {high:.2%} (95 % interval, Wilson). {_network(run, epoch)}"
    )


def _network(run: FinishedRun, epoch: int) -> str:
    outcome = run.outcome
    shows_rejected = epoch == run.kept_epoch and run.calibration.is_fitted
    network = f"{run.config.preset}, {outcome.parameters:,} parameters, weights of epoch {epoch} of {outcome.epochs}."
    if not shows_rejected:
        return network
    return (
        f'{network} Scored on the ten digits only. With "not a digit" allowed, it would reject {outcome.n_rejected} '
        "of these images."
    )


def card(run: FinishedRun) -> None:
    """Draw what a shipped network was made from, what was measured with it, and what it can't."""
    card = run.outcome.card
    if not card:
        return
    with st.expander("Model card: what it learnt from, what it can and what it can't", icon=":material/badge:"):
        for title, lines in (
            ("Learnt from", card.data),
            ("Recipe", card.recipe),
            ("Known weaknesses", card.weaknesses),
        ):
            st.markdown(f"**{title}**")
            st.markdown("\n".join(f"- {line}" for line in lines))
        st.markdown("**Measured**")
        st.table(
            {title: [getattr(figure, name) for figure in card.figures] for title, name in _CARD_COLUMNS},
            hide_index=True,
            border="horizontal",
        )


def compare(result: EvaluationResult, other: FinishedRun) -> analysis.Comparison | None:
    """Say which of two networks is better and how sure that is; return the comparison, None where there is none."""
    try:
        theirs = predictions.stored(other)
        compared = analysis.compare(result.predictions, theirs.predictions)
    except DigitLabError as error:
        st.warning(str(error))
        return None
    points = 100 * (result.metrics.accuracy - theirs.metrics.accuracy)
    better = (
        f"{abs(points):.2f} points {'more' if points > 0 else 'less'} accurate than" if points else "as accurate as"
    )
    st.markdown(
        f"**A** is this network, **B** is {plain(run_title(other))}. A is {better} B: {compared.in_words('A', 'B')}"
    )
    st.caption(
        f"Both read {compared.both_right:,} of {compared.n:,} images right and {compared.both_wrong:,} wrong. "
        "The p-value is McNemar's: how often two equally good networks would differ as much."
    )
    return compared
