"""Evaluate: choose a run, then see how good it is, where it goes wrong, and on which images."""

import streamlit as st

from model.errors import DataError
from model.records import Metrics
from model.runs import Run
from pages.ui import controls, figures, frame, gallery, services

_A_PAGE = 24
_CARD_COLUMNS = (("What", "what"), ("Figure", "figure"), ("n", "n"))

frame.page("Evaluate")


def show_figures(metrics: Metrics, run: Run) -> None:
    """Show the figures on the whole test set."""
    with st.container(key="eval-accuracy", horizontal=True, gap="medium"):
        for label, value, meaning in (
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
            (
                "Recall",
                f"{metrics.macro_recall:.4f}",
                "Of what is a class, the share that is called it; mean of classes.",
            ),
            ("F1", f"{metrics.macro_f1:.4f}", "The harmonic mean of precision and recall; mean of classes."),
        ):
            st.metric(label, value, help=meaning, width="content")
    refused = run.manifest.get("refused")
    st.caption(
        f"On {metrics.n:,} test images that the network never learnt from. {run.config.preset}, "
        f"{run.manifest['parameters']:,} parameters, weights of epoch {run.manifest['kept_epoch']} "
        f"of {run.manifest['epochs']}."
        + (
            f" Asked which digit each is, if it is one: left to itself, it would call {refused} of them no digit."
            if refused is not None
            else ""
        )
    )


def show_card(run: Run) -> None:
    """Show what a shipped network was made from, what was measured with it, and what it can't."""
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


def show_confusion(metrics: Metrics) -> None:
    """Show which classes are taken for which."""
    names = [each.name for each in metrics.classes]
    with st.container(key="eval-confusion"):
        st.subheader("What is taken for what")
        st.plotly_chart(
            figures.confusion_matrix(metrics.confusion, names, dark=st.context.theme.type == "dark"),
            height=440,
            config={"displayModeBar": False},
            key="confusion",
        )
        st.caption(
            "Rows are true classes. Blue cells are right; the deeper the orange, the more often that mistake happens."
        )


def show_classes(metrics: Metrics) -> None:
    """Show how each class fares."""
    with st.container(key="eval-classes"):
        st.subheader("Class by class")
        occurring = [each for each in metrics.classes if each.support]
        rows = [(each.name, each.precision, each.recall, each.f1, each.support) for each in occurring]
        rows.append(("Mean", metrics.macro_precision, metrics.macro_recall, metrics.macro_f1, metrics.n))
        st.table(
            {
                "Class": [row[0] for row in rows],
                "Precision": [f"{row[1]:.4f}" for row in rows],
                "Recall": [f"{row[2]:.4f}" for row in rows],
                "F1": [f"{row[3]:.4f}" for row in rows],
                "Images": [f"{row[4]:,}" for row in rows],
            },
            hide_index=True,
            border="horizontal",
        )


def show_mistakes(run: Run, metrics: Metrics) -> None:
    """Show the misread images, the most confident mistakes first."""
    with st.container(key="eval-errors"):
        st.subheader("The mistakes")
        if not metrics.mistakes:
            st.markdown("This network reads every test image right.")
            return
        try:
            images = services.test_images(run)
        except DataError as error:
            _show_missing(run, metrics, error)
            return
        names = [each.name for each in metrics.classes]
        st.caption(f"{len(metrics.mistakes):,} in all, the most confident first.")
        pages = -(-len(metrics.mistakes) // _A_PAGE)
        page = st.pagination(pages, key=f"eval-errors-page-{run.id}") if pages > 1 else 1
        first = (page - 1) * _A_PAGE
        gallery.gallery(
            gallery.Tile(
                images[each.index],
                (f"{names[each.true]} read as {names[each.predicted]}", f"{each.probability:.1%} sure"),
                f"Test image {each.index}: a {names[each.true]}, read as {names[each.predicted]}",
            )
            for each in metrics.mistakes[first : first + _A_PAGE]
        )


def _show_missing(run: Run, metrics: Metrics, error: DataError) -> None:
    st.info(str(error), icon=":material/image_not_supported:")
    names = [each.name for each in metrics.classes]
    st.table(
        {
            "Test image": [f"{each.index}" for each in metrics.mistakes[:_A_PAGE]],
            "True": [names[each.true] for each in metrics.mistakes[:_A_PAGE]],
            "Read as": [names[each.predicted] for each in metrics.mistakes[:_A_PAGE]],
            "Sure": [f"{each.probability:.1%}" for each in metrics.mistakes[:_A_PAGE]],
        },
        hide_index=True,
        border="horizontal",
    )


runs, damaged = services.usable_runs()
if runs:
    with st.container(key="eval-run"):
        run = controls.run_control("Run", "eval-run-choice", runs)
    show_figures(run.metrics, run)
    show_card(run)
    matrix, classes = st.columns([1.15, 1], gap="medium")
    with matrix:
        show_confusion(run.metrics)
    with classes:
        show_classes(run.metrics)
    show_mistakes(run, run.metrics)
else:
    st.info("There is no finished run yet. Train a network, and its figures appear here.", icon=":material/grid_on:")
    st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
for each in damaged:
    st.warning(f"The folder {each.id} is damaged and left out: {each.reason}", icon=":material/folder_off:")

frame.footer()
