"""Draw: a digit by mouse, pen or finger, with the network's image, prediction and explanation right away."""

import streamlit as st

from model.messages import N_
from pages.ui.shell import frame, parts
from pages.ui.shell.identity import identify
from pages.ui.translation import _

frame.page(N_("Draw"), parts.DRAW)
identify()  # first: while the browser fetches the components, the server imports the rest

from pages.ui.draw import inputs, reading  # noqa: E402
from pages.ui.draw.choices import choose_network, choose_other  # noqa: E402
from pages.ui.shell import services  # noqa: E402

runs = services.usable_runs()[0]
if runs:
    with st.container(key="draw-networks"):
        first, second = st.columns([1, 1], gap="small", vertical_alignment="bottom")
    with first, st.container(key="draw-model"):
        run = choose_network(runs)
    with second:
        other = choose_other(run, runs)
    reading.read(run, other, inputs.choose(run))
else:
    st.info(_("No network is available yet. Train one on MNIST, then draw with it."), icon=":material/draw:")
    st.page_link("pages/train.py", label=_("Train a network"), icon=":material/model_training:")

frame.footer()
