"""The last two steps, Mistakes and Draw.

Each draws its text and its question on the left, and its instrument on the right.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

import numpy as np
import streamlit as st

from model.inference.digit_reader import DigitReader
from model.ink.render import Strokes
from model.results import NO_DIGIT
from model.runs.run import FinishedRun
from pages.ui.charts.evaluation import confusion_matrix
from pages.ui.components.image_grid import Tile, image_grid, picture
from pages.ui.components.live_chart import live_chart
from pages.ui.learn import answers, materials, progress, steps
from pages.ui.learn.layout import explain, tile
from pages.ui.learn.pad import pad
from pages.ui.learn.steps import Step
from pages.ui.shell import services, session
from pages.ui.shell.drawings import DRAWN
from pages.ui.shell.text import percent, plain
from pages.ui.translation import _, class_label, ngettext

_MATRIX, _MOST_TILES = 360, 10


def mistakes(step: Step) -> None:
    """Draw three test images, then their predictions, and the confusion matrix, whose cells open their images."""
    run = materials.networks()["overfitted"]
    predictions, images = run.predictions(), services.test_images(run)
    shown = answers.three_images(predictions)
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        answered = explain(step, lambda: answers.mistakes(predictions, shown))
    with right:
        with st.container(key="learn-three"):
            image_grid(
                (_lettered(images[i], letter, run, i, answered) for letter, i in zip("ABC", shown, strict=True)),
                side=72 if answered else 120,
            )
        if answered:
            st.caption(_(steps.MATRIX_TITLE))
            cell = _matrix(run)
            asked = next(
                (int(predictions.labels[i]), int(predictions.predicted[i])) for i in shown if not predictions.correct[i]
            )
            with st.container(key="learn-cell", gap="xsmall"):
                _show_cell(run, images, cell, asked)


def _lettered(image: np.ndarray, letter: str, run: FinishedRun, index: int, answered: bool) -> Tile:
    name = _("Image {letter}").format(letter=letter)
    if not answered:
        return Tile(image, (name,), name)
    predictions = run.predictions()
    true, predicted = int(predictions.labels[index]), int(predictions.predicted[index])
    of_digit = tile(image, str(predicted), str(true))
    read = _("{letter}: read as {prediction}").format(letter=letter, prediction=of_digit.lines[0])
    lines = (read, percent(float(predictions.confidence[index])))
    return Tile(image, lines, f"{name}, {of_digit.alt}", of_digit.right)


def _matrix(run: FinishedRun) -> Any:
    names = list(run.class_names)
    figure = confusion_matrix(run.metrics.confusion, names, dark=st.context.theme.type == "dark")
    description = _("Confusion matrix of {n} images: true digits in rows, predicted digits in columns.")
    with st.container(key="learn-matrix"):
        return live_chart(figure, "learn-matrix-chart", _MATRIX, description.format(n=run.metrics.n), clickable=True)


def _show_cell(run: FinishedRun, images: np.ndarray, clicked: Any, first: tuple[int, int]) -> None:
    """Draw the images of one cell: the one that was clicked, or chosen in a list, which needs no mouse; or `first`."""
    confusion = run.metrics.confusion
    if _is_cell(clicked):
        session.set_lesson_cell((clicked[0], clicked[1]))
    wrong = [(true, predicted) for true, predicted in np.ndindex(*confusion.shape) if true != predicted]
    wrong = sorted((cell for cell in wrong if confusion[cell]), key=lambda cell: -confusion[cell])
    now = session.lesson_cell() or first
    offered = wrong if now in wrong else [now, *wrong]
    true, predicted = st.selectbox(
        _("Images of one cell"),
        offered,
        index=offered.index(now),
        key=f"learn-cell-{now[0]}-{now[1]}",  # a click on the matrix brings a new box
        format_func=lambda cell: _in_words(cell, int(confusion[cell])),
        label_visibility="collapsed",
    )
    indices = run.predictions().indices_in_cell(true, predicted)[:_MOST_TILES]
    image_grid((tile(images[i], str(predicted), str(true)) for i in indices.tolist()), side=48)


def _in_words(cell: tuple[int, int], n: int) -> str:
    text = ngettext(
        "{true} predicted as {predicted}: {n} image",
        "{true} predicted as {predicted}: {n} images",
        n,
    )
    return text.format(n=n, true=cell[0], predicted=cell[1])


def _is_cell(clicked: Any) -> TypeGuard[list[int]]:
    """Check what the browser sent."""
    return (
        isinstance(clicked, list)
        and len(clicked) == 2
        and all(type(label) is int and 0 <= label < 10 for label in clicked)
    )


def draw(step: Step) -> None:
    """Draw a star, then a sheet whose drawing four networks read."""
    readers = materials.readers()
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        answered = explain(step, lambda: answers.draw(readers, materials.STAR))
    with right:
        if answered:
            _read_drawings(readers)
        else:
            star = readers["deep"].read_strokes(materials.STAR).digits[0]
            picture(star.image, 224, _("a drawing of a star"))
    if answered:
        st.success(_(steps.FINISHED), icon=":material/school:")
        label = _("Start the lesson again")
        st.button(label, key="learn-again", icon=":material/restart_alt:", on_click=progress.start_again)


@st.fragment
def _read_drawings(readers: Mapping[str, DigitReader]) -> None:
    drawn = dict(zip(("2", "4", "5", "6", "7", "8", _("star")), [*DRAWN], strict=True))
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        number, chosen = session.lesson_sheet()
        chosen = chosen if number else _("star")  # first the drawing of the question
        with st.container(key="learn-pad"):
            strokes = pad(f"learn-sheet-{number}", drawn.get(chosen, ()))
        with st.container(horizontal=True, gap="small"):
            st.button(_("Clear"), key="learn-clear", icon=":material/delete:", on_click=session.start_lesson_sheet)
        with st.container(key="learn-ready-drawings"):
            st.caption(_("Or take a drawing:"))
            with st.container(key="learn-drawings", horizontal=True, gap="xsmall"):
                for name in drawn:
                    st.button(name, key=f"learn-take-{name}", on_click=session.start_lesson_sheet, args=(name,))
    with right, st.container(key="learn-read"):
        _readings(readers, strokes)


def _readings(readers: Mapping[str, DigitReader], strokes: Strokes) -> None:
    """Show the prediction of each network for a drawing, and the image that all of them get."""
    titles = {name: _(title) for name, (title, _trained_on) in steps.NETWORKS.items()}
    titles["deep"] = _("Network of the Draw page")
    first = readers["deep"].read_strokes(strokes).digits
    if not first:
        st.caption(_("Nothing drawn yet."))
        return
    picture(first[0].image, 84, _("the 28 × 28 pixels that the networks get"))
    for name, reader in readers.items():
        digit = reader.read_strokes(strokes).digits[0]
        text = f"**{plain(digit.prediction.text)}** · {percent(digit.probability)}"
        if not digit.accepted:
            text = f"**{plain(digit.prediction.text)}** · {class_label(NO_DIGIT)}"
        st.markdown(f"{titles[name]}: {text}")
