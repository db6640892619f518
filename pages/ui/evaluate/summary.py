"""The metrics of one network on its test set, each with an explanation, and a comparison of two networks.

Knows scores and analyses; computes no figures itself.
"""

import streamlit as st

from model.errors import DigitLabError
from model.evaluation import analysis
from model.evaluation.evaluate import EvaluationResult, trained_on
from model.messages import N_
from model.results import Metrics
from model.runs.run import FinishedRun
from pages.ui import glossary
from pages.ui.evaluate import help
from pages.ui.language import format_number
from pages.ui.shell import predictions
from pages.ui.shell.text import markdown, plain, run_title
from pages.ui.translation import _, class_label, ngettext, translate

_CARD_COLUMNS = ((N_("Measurement"), "what"), (N_("Value"), "figure"), (N_("n"), "n"))


def show(run: FinishedRun, metrics: Metrics, result: EvaluationResult | None, epoch: int) -> None:
    """Draw the metrics; `result` is None where the predictions for the single images can't be read."""
    n_wrong = len(metrics.mistakes)
    misclassified = ngettext(
        "{n_wrong} of {n} test images is misclassified.", "{n_wrong} of {n} test images are misclassified.", n_wrong
    ).format(n_wrong=format_number(n_wrong, ","), n=format_number(metrics.n, ","))
    mean = _(help.MEAN_OF_CLASSES)
    shown = [
        (_("Accuracy"), format_number(metrics.accuracy, ".2%"), f"{glossary.explain('Accuracy')} {misclassified}"),
        (_("Loss"), format_number(metrics.loss, ".4f"), glossary.explain("Loss")),
        (_("Precision"), format_number(metrics.macro_precision, ".4f"), f"{glossary.explain('Precision')} {mean}"),
        (_("Recall"), format_number(metrics.macro_recall, ".4f"), f"{glossary.explain('Recall')} {mean}"),
        (_("F1"), format_number(metrics.macro_f1, ".4f"), f"{glossary.explain('F1')} {mean}"),
    ]
    if result is not None:
        error = result.calibration_error or 0.0
        shown.append((_("Calibration error"), format_number(error, ".2%"), glossary.explain("Calibration error")))
    with st.container(key="eval-accuracy", horizontal=True, gap="medium"):
        for label, value, meaning in shown:
            st.metric(label, value, help=meaning, width="content")
    low, high = analysis.wilson_interval(metrics.n_correct, metrics.n)
    inspection = run.dataset.inspection
    if inspection and inspection.n_shared:
        st.warning(markdown(trained_on(inspection.n_shared, metrics.n)), icon=":material/warning:")
        text = _("Measured on {n} test images. On images like these, the accuracy is between {low} and {high}.")
    else:
        text = _(
            "Measured on {n} test images that weren't used for training. On new images of the same kind, the accuracy "
            "is probably between {low} and {high} (95% confidence interval)."
        )
    interval = text.format(
        n=format_number(metrics.n, ","), low=format_number(low, ".2%"), high=format_number(high, ".2%")
    )
    st.caption(f"{interval} {_network(run, epoch)}", help=glossary.explain("Confidence interval"))


def _network(run: FinishedRun, epoch: int) -> str:
    outcome = run.outcome
    network = _("Network: {name}, {parameters} parameters, weights of epoch {epoch} of {epochs}.").format(
        name=_("custom network") if run.config.design else plain(run.config.preset),
        parameters=format_number(outcome.parameters, ","),
        epoch=epoch,
        epochs=outcome.epochs,
    )
    if epoch != run.kept_epoch or not run.calibration.is_fitted:
        return network
    rejected = _(
        'Scored on the ten digits only. With "not a digit" as a possible answer, it would reject {n} of these images.'
    ).format(n=format_number(outcome.n_rejected, ","))
    return f"{network} {rejected}"


def card(run: FinishedRun) -> None:
    """Draw the card of a run: its dataset, or, of a shipped network, data, recipe, weaknesses and measurements."""
    card = run.outcome.card
    if not card:
        _dataset(run)
        return
    with st.expander(_("Model card: training data, recipe, weaknesses, measurements"), icon=":material/badge:"):
        for title, lines in (
            (_("Training data"), card.data),
            (_("Recipe"), card.recipe),
            (_("Known weaknesses"), card.weaknesses),
        ):
            st.markdown(f"**{title}**")
            st.markdown("\n".join(f"- {_card_text(run, line)}" for line in lines))
        st.markdown(_("**Measurements**"))
        st.table(
            {
                _(title): [_card_text(run, getattr(figure, name)) for figure in card.figures]
                for title, name in _CARD_COLUMNS
            },
            hide_index=True,
            border="horizontal",
        )


def _dataset(run: FinishedRun) -> None:
    """Draw what the look at the dataset found when the training started; older runs have none."""
    found = run.dataset.inspection
    if not found:
        return
    with st.expander(_("Dataset: shape, range, images per class"), icon=":material/dataset:"):
        height, width, channels = found.image_shape
        shape = _("{source}: {size} pixels, {colours}; pixel values from {low} to {high}.").format(
            source=plain(run.dataset.source),
            size=f"{height}×{width}",
            colours=_("grey") if channels == 1 else _("colour"),
            low=format_number(found.lowest, "g"),
            high=format_number(found.highest, "g"),
        )
        inverted = _("Its images were inverted.")
        st.markdown(f"{shape} {inverted}" if run.config.invert else shape)
        for sentence in (*found.warnings, *found.notes):
            st.markdown(f"- {markdown(sentence)}")
        st.table(
            {
                _("Class"): [plain(class_label(name)) for name in found.class_names],
                _("Training images"): [format_number(n, ",") for n in found.train_counts],
                _("Test images"): [format_number(n, ",") for n in found.test_counts],
            },
            hide_index=True,
            border="horizontal",
        )


def _card_text(run: FinishedRun, text: str) -> str:
    """Return a text of a model card as Markdown, which only the cards that come with Digit Lab contain."""
    return text if run.shipped else plain(text)


def compare(result: EvaluationResult, other: FinishedRun) -> analysis.Comparison | None:
    """Show which of two networks is better and whether that may be chance; return the comparison, None on an error."""
    try:
        theirs = predictions.stored(other)
        compared = analysis.compare(result.predictions, theirs.predictions)
    except DigitLabError as error:
        st.warning(markdown(error))
        return None
    who = _("**A** is this network, **B** is {run}.").format(run=plain(run_title(other)))
    points = 100 * (result.metrics.accuracy - theirs.metrics.accuracy)
    st.markdown(f"{who} {_difference(points)} {translate(compared.in_words('A', 'B'))}")
    st.caption(
        _(
            "Of {n} images, both classify {right} correctly and both misclassify {wrong}. Tested with McNemar's test."
        ).format(
            n=format_number(compared.n, ","),
            right=format_number(compared.both_right, ","),
            wrong=format_number(compared.both_wrong, ","),
        ),
        help=" ".join((glossary.explain("McNemar's test"), glossary.explain("p-value"))),
    )
    return compared


def _difference(points: float) -> str:
    if not points:
        return _("Both have the same accuracy.")
    text = (
        _("A's accuracy is {points} percentage points higher.")
        if points > 0
        else _("A's accuracy is {points} percentage points lower.")
    )
    return text.format(points=format_number(abs(points), ".2f"))
