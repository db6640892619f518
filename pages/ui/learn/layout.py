"""What several steps draw in the same way: their text with the question, and an image with its prediction."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from pages.ui.components.image_grid import Tile
from pages.ui.components.term_text import term_text
from pages.ui.learn import question
from pages.ui.learn.answers import Answer
from pages.ui.learn.steps import Step
from pages.ui.translation import _


def explain(step: Step, compute: Callable[[], Answer], **values: object) -> bool:
    """Draw text and question; return whether the question is answered."""
    answered = question.is_answered(step)
    st.subheader(_(step.title), anchor=False)
    term_text(_(step.text), key=f"learn-text-{step.name}")
    question.ask(step, compute, values=values)
    if answered:
        term_text(_("Your turn: {task}").format(task=_(step.task)), key=f"learn-task-{step.name}")
    return answered


def tile(image: np.ndarray, predicted: str, true: str) -> Tile:
    """Return a tile for an image and its prediction, with a tick or a cross."""
    right = predicted == true
    alt = _("the digit {true}, predicted as {predicted}").format(true=true, predicted=predicted)
    return Tile(image, (f"{predicted} {'✓' if right else '✗'}",), alt, right)
