"""The steps on single images: Pixels, Convolution and Pooling.

Each draws its text and its question side by side, and its instrument below.
"""

from collections.abc import Callable

import numpy as np
import streamlit as st

from model.networks.filtering import convolve
from model.results import Array
from pages.ui.components.term_text import term_text
from pages.ui.learn import answers, grids, materials, question, steps
from pages.ui.learn.answers import Answer
from pages.ui.learn.steps import Step
from pages.ui.shell import parts
from pages.ui.translation import _

PIXELS_DIGIT, DIGIT, POOLED_DIGIT = 3, 1, 5
_BLUR, _SHARPEN = np.full((3, 3), 1 / 9), np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
_ALL_CONTROLS = ("image", "kernel", "stride", "padding", "relu", "pooling")
_POSITION = (12, 10)  # row and column that are shown first

# On a phone, the task comes after the question.
_STYLE = """<style>
@media (max-width: 640px) {
  .stColumn:has(.st-key-learn-your-turn), .stColumn:has(.st-key-learn-your-turn) > .stVerticalBlock {
    display: contents; }
  .stVerticalBlock > :has(> .st-key-learn-your-turn) { order: 1; }
}
</style>"""


def pixels(step: Step) -> None:
    """Draw an image as numbers, then the same image one pixel further to the right."""
    image = materials.digits()[PIXELS_DIGIT]
    answered = _explain(step, lambda: answers.pixels(image))
    second = answers.moved_right(image) if answered else None
    grids.pixel_grid(image, _POSITION, "learn-pixels", second, _(steps.MOVED))


def convolution(step: Step) -> None:
    """Draw the playground with the vertical kernel, then with all kernels."""
    answered = _explain(step, lambda: answers.convolution(materials.digits()[DIGIT]))
    start = grids.Start(str(DIGIT), "horizontal" if answered else "vertical", _POSITION)
    _playground(start, "learn-convolution", () if answered else _ALL_CONTROLS)


def pooling(step: Step) -> None:
    """Draw the playground with ReLU, then with max pooling, too."""
    answered = _explain(step, lambda: answers.pooling(materials.digits()[POOLED_DIGIT]))
    response = convolve(materials.digits()[POOLED_DIGIT], np.array(answers.VERTICAL), relu=True)
    row, column = np.unravel_index(response.argmax(), response.shape)
    start = grids.Start(str(POOLED_DIGIT), "vertical", (int(row), int(column)), relu=True, pooling=answered)
    _playground(start, "learn-pooling", () if answered else ("stride", "padding", "pooling"))


def _explain(step: Step, compute: Callable[[], Answer]) -> bool:
    """Draw text and question side by side; return whether the question is answered."""
    st.html(_STYLE)
    text, asked = st.columns([1, 1.15], gap="medium")
    answered = question.is_answered(step)
    with text:
        st.subheader(_(step.title), anchor=False)
        term_text(_(step.text), key=f"learn-text-{step.name}")
        if answered:
            with st.container(key="learn-your-turn"):
                term_text(_("Your turn: {task}").format(task=_(step.task)), key=f"learn-task-{step.name}")
    with asked:
        question.ask(step, compute, in_a_row=True)
    return answered


def _playground(start: grids.Start, key: str, locked: tuple[str, ...]) -> None:
    images = {str(digit): image for digit, image in enumerate(materials.digits())}
    grids.playground(images, kernels(), start, key, locked, parts.hidden(parts.LEARN).intersection(parts.CONTROLS))


def kernels() -> list[tuple[str, str, Array]]:
    """Return the kernels of the playground: id, name, and weights `(3, 3)`."""
    return [
        ("vertical", _("vertical edges"), np.array(answers.VERTICAL)),
        ("horizontal", _("horizontal edges"), np.array(answers.HORIZONTAL)),
        ("blur", _("blur"), _BLUR),
        ("sharpen", _("sharpen"), _SHARPEN),
        ("learned", _("learned by the classroom network"), materials.learned_kernel()),
    ]
