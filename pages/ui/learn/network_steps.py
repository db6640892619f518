"""The steps on whole networks: Build and Train.

Each draws its text and its question on the left, and its instrument on the right.
"""

import streamlit as st

from model.config import Block, Design
from model.inference.digit_reader import DigitReader
from model.networks.presets import CLASSROOM
from model.networks.summary import LayerSummary, summary
from model.runs.run import FinishedRun
from model.runs.store import CLASSROOM_RUN
from pages.ui.charts import lesson as charts
from pages.ui.charts.network_diagram import diagram
from pages.ui.components.image_grid import image_grid
from pages.ui.components.live_chart import live_chart
from pages.ui.components.term_text import term_text
from pages.ui.language import format_number
from pages.ui.learn import answers, materials, steps
from pages.ui.learn.layout import explain, tile
from pages.ui.learn.steps import Step
from pages.ui.shell import services, session
from pages.ui.translation import _, ngettext

_DIGITS, _TILE, _CHART = "24567", 36, 150  # labels of the drawings
_N_TEST_TILES = 5
_OWN, _FILTERS, _NEURONS = "learn-pooling-on", "learn-filters", "learn-neurons"


def build(step: Step) -> None:
    """Draw the classroom network, then its parameters, with the most important settings to change."""
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        answered = explain(step, lambda: answers.build(CLASSROOM_RUN))
    with right:
        design = _design() if answered else CLASSROOM
        session.set_lesson_design(None if design == CLASSROOM else design)
        rows = summary(design, answers.SHAPE, 10)
        with st.container(key="learn-diagram"):
            # Not st.html, which removes every SVG. The diagram contains nothing that a user typed.
            st.markdown(f"<div>{diagram(rows, answers.SHAPE)}</div>", unsafe_allow_html=True)
        if answered:
            _parameters(rows)


def _design() -> Design:
    """Draw the settings of a network; return it."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="learn-layers"):
        pooling = st.toggle(_("Max pooling"), value=True, key=_OWN, persist_state="session")
        filters = st.select_slider(
            _("Kernels of the two convolutions"),
            (4, 8, 16, 32),
            value=32,
            key=_FILTERS,
            persist_state="session",
            format_func=lambda n: f"{n}, {2 * n}",
            width=220,
        )
        neurons = st.select_slider(
            _("Neurons"), (8, 16, 32, 64, 128), value=128, key=_NEURONS, persist_state="session", width=180
        )
    blocks = (Block(filters, pooling=pooling), Block(2 * filters, pooling=pooling))
    return Design(blocks=blocks, dense=(neurons,), dropout=CLASSROOM.dropout)


def _parameters(rows: tuple[LayerSummary, ...]) -> None:
    learning = [row for row in rows if row.parameters]
    names = [_("Convolution 1"), _("Convolution 2"), _("Dense layer"), _("Output")]
    counts = [row.parameters for row in learning]
    total = ngettext("{n} parameter", "{n} parameters", sum(counts)).format(n=format_number(sum(counts), ","))
    st.markdown(f"**{total}**")
    listed = ", ".join(f"{name}: {format_number(n, ',')}" for name, n in zip(names, counts, strict=True))
    with st.container(key="learn-parameters"):
        live_chart(charts.parameters(names, counts), "learn-parameters-chart", 150, listed)


def train(step: Step) -> None:
    """Draw the loss of the three networks, then also on other images, and the same digits read by all three."""
    runs = materials.networks()
    wrong = {name: answers.n_wrong(run) for name, run in runs.items()}
    left, right = st.columns([1, 2.1], gap="large")
    with left:
        answered = explain(step, lambda: answers.train(wrong), n_test=runs["overfitted"].metrics.n)
    with right:
        st.caption(f"{_(steps.BOTH_CURVES)} {_(steps.SAME_DIGITS)}" if answered else _(steps.ONLY_TRAINING))
        columns = st.columns(3, gap="small")
        drawings, shown = materials.tilted_drawings(), materials.disagreed(runs, _N_TEST_TILES)
        for column, (name, run) in zip(columns, runs.items(), strict=True):
            with column, st.container(key=f"learn-network-{name}", gap="small"):
                _network(name, run, answered)
                if answered:
                    _tiles(run, drawings, shown)
        if answered:
            term_text(_(steps.REMEDIES), key="learn-remedies")


def _network(name: str, run: FinishedRun, with_validation: bool) -> None:
    title, trained_on = steps.NETWORKS[name]
    history = run.history()
    n, epochs = format_number(history.plan.n_train, ","), len(history.epochs)
    st.markdown(f"**{_(title)}**  \n:small[{_(trained_on).format(n=n, epochs=epochs)}]")
    losses = charts.training_losses(history)
    description = _("Loss on the training images: {first} in the first epoch, {last} in the last one.")
    live_chart(
        charts.losses(history, with_validation),
        f"learn-losses-{name}",
        _CHART,
        description.format(first=format_number(losses[0], ".3f"), last=format_number(losses[-1], ".3f")),
    )
    if with_validation:
        varied = name == "augmented"
        right = _("Training images, varied: {share} right") if varied else _("Training images: {share} right")
        right = right.format(share=format_number(charts.last_training_accuracy(history), ".1%"))
        wrong = _("Test images: **{n_wrong} of {n} wrong**").format(n_wrong=answers.n_wrong(run), n=run.metrics.n)
        st.markdown(f":small[{right}]  \n:small[{wrong}]")


def _tiles(run: FinishedRun, drawings: list, shown: list[int]) -> None:
    """Draw what a network makes of the drawings, and of some test images."""
    reader = DigitReader(services.classifier(run))
    digits = [reader.read_strokes(strokes).digits[0] for strokes in drawings[: len(_DIGITS)]]
    tiles = [tile(digit.image, digit.prediction.label, label) for digit, label in zip(digits, _DIGITS, strict=True)]
    image_grid(tiles, side=_TILE)
    images, predictions = services.test_images(run), run.predictions()
    image_grid((tile(images[i], str(predictions.predicted[i]), str(predictions.labels[i])) for i in shown), side=_TILE)
