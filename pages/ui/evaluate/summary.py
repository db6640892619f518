"""How good: the figures of one network on a test set, each with a sentence of meaning, and two networks compared.

Knows scores and judgements; computes no figure of its own.
"""

import streamlit as st

from model.errors import DigitLabError
from model.evaluation import analysis
from model.evaluation.metrics import expected_calibration_error
from model.results import Metrics
from model.runs.run import Run
from pages.ui.shell import predictions
from pages.ui.shell.predictions import Score
from pages.ui.shell.text import plain, run_title

_CARD_COLUMNS = (("What", "what"), ("Figure", "figure"), ("n", "n"))


def show(run: Run, metrics: Metrics, score: Score | None, epoch: int) -> None:
    """Draw the figures; `score` is None where the answers to the single images can't be read."""
    n_right = metrics.n - len(metrics.mistakes)
    low, high = analysis.wilson_interval(n_right, metrics.n)
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
    if score is not None:
        gap = expected_calibration_error(score.right, score.confidence)
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


def _network(run: Run, epoch: int) -> str:
    refused = run.manifest.get("refused")
    kept = epoch == run.manifest["kept_epoch"]
    return (
        f"{run.config.preset}, {run.manifest['parameters']:,} parameters, weights of epoch {epoch} "
        f"of {run.manifest['epochs']}."
        + (
            f" Asked which digit each is, if it is one: left to itself, it would call {refused} of them no digit."
            if refused is not None and kept
            else ""
        )
    )


def card(run: Run) -> None:
    """Draw what a shipped network was made from, what was measured with it, and what it can't."""
    if not run.card:
        return
    with st.expander("Model card: what it learnt from, what it can and what it can't", icon=":material/badge:"):
        for title, name in (("Learnt from", "data"), ("Recipe", "recipe"), ("Known weaknesses", "weaknesses")):
            st.markdown(f"**{title}**")
            st.markdown("\n".join(f"- {line}" for line in run.card.get(name, ())))
        figures_of = run.card.get("figures", ())
        st.markdown("**Measured**")
        st.table(
            {title: [each.get(name, "") for each in figures_of] for title, name in _CARD_COLUMNS},
            hide_index=True,
            border="horizontal",
        )


def compare(run: Run, score: Score, other: Run) -> analysis.Comparison | None:
    """Say which of two networks is better and how sure that is; return the comparison, None where there is none."""
    try:
        theirs = predictions.stored(other)
        compared = analysis.compare(score.evaluation, theirs.evaluation)
    except DigitLabError as error:
        st.warning(str(error))
        return None
    points = 100 * (score.metrics.accuracy - theirs.metrics.accuracy)
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
