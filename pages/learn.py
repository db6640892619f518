"""Learn: the way from 784 pixels to a digit in seven steps, each with a question that comes before its answer."""

from functools import partial

import streamlit as st

from model.errors import DigitLabError
from model.messages import N_
from pages.ui.shell import frame, parts

is_for_teachers = st.query_params.get("teacher") == "1"  # open to everyone
frame.page(N_("Learn"), "" if is_for_teachers else parts.LEARN)

from pages.ui.learn import image_steps, last_steps, network_steps, progress, steps, teacher  # noqa: E402
from pages.ui.shell.text import markdown  # noqa: E402

SHOW = {
    steps.PIXELS: image_steps.pixels,
    steps.CONVOLUTION: image_steps.convolution,
    steps.POOLING: image_steps.pooling,
    steps.BUILD: network_steps.build,
    steps.TRAIN: network_steps.train,
    steps.MISTAKES: last_steps.mistakes,
    steps.DRAW: last_steps.draw,
}

step = progress.current()
progress.restore(step)
progress.header(step)
with st.container(key=f"learn-step-{step.name}"):
    try:
        if is_for_teachers:
            teacher.view(step)
        else:
            SHOW[step.name](step)
    except DigitLabError as error:
        st.warning(markdown(error))

frame.footer(partial(teacher.link, step))
