"""How a drawing becomes what the network sees: the steps as pictures, and what comes of it without them.

Knows ink, answers and HTML; a drawing is passed through `model.ink` again, to be looked at.
"""

import numpy as np
import streamlit as st

from model.ink.render import SIDE as NETWORK_SIDE
from model.ink.render import InkSteps, render_steps, squeeze_canvas
from pages.ui.components.fabric_strokes import SIDE
from pages.ui.components.image_grid import data_uri, picture
from pages.ui.draw.sample import Sample

_SMALL = 112  # pixels on the screen
_CAPTIONS = ("as drawn", "cropped", "20×20", "28×28, centred")
_CSS = """<style>
.steps { display: flex; gap: 4px; align-items: center; }
.steps figure { margin: 0; text-align: center; flex: 1 1 0; min-width: 0; }
.steps img { width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; background: #000;
  border-radius: 6px; border: 1px solid rgba(128,128,128,.35); }
.steps figcaption { font-size: .75rem; line-height: 1.3; opacity: .75; margin-top: 2px; }
.steps span { opacity: .5; margin-bottom: 1.2rem; }
</style>"""


def strip(seen: InkSteps | None) -> None:
    """Draw the four steps from the paper to the network, black squares while there is no ink."""
    blank = np.zeros((NETWORK_SIDE, NETWORK_SIDE), np.uint8)
    images = (seen.drawn, seen.cropped, seen.scaled, seen.centred) if seen else (blank,) * len(_CAPTIONS)
    figures = (
        f'<figure><img src="{data_uri(image)}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
        for image, caption in zip(images, _CAPTIONS, strict=True)
    )
    st.html(f'{_CSS}<div class="steps">{"<span>→</span>".join(figures)}</div>')


def of(sample: Sample | None) -> InkSteps | None:
    """Return the steps of a sample that came as ink."""
    if sample is None or not sample.strokes:
        return sample.steps if sample else None
    return render_steps(sample.strokes, SIDE, SIDE, sample.pen)


def without_centring(sample: Sample | None) -> None:
    """Offer to turn the centring off: the whole canvas squeezed, and the answer that gives."""
    centred = st.toggle(
        "Centre the ink",
        value=True,
        key="draw-centring",
        persist_state="session",
        help="Off: the whole canvas is squeezed to 28×28, as many apps do. Try a small digit in a corner.",
    )
    if centred:
        st.caption("Your ink is brought to 20 pixels and laid in by its centre of mass, as MNIST was made.")
        return
    if sample is None or not sample.strokes:
        st.caption("Draw, and see here what comes of it when the whole canvas is squeezed.")
        return
    squeezed = squeeze_canvas(sample.strokes, SIDE, SIDE, sample.pen)
    (prediction,) = sample.predict(squeezed[None, ..., None])
    picture(squeezed, _SMALL, "the whole canvas squeezed to 28 by 28 grey pixels")
    st.markdown(f"Squeezed, it answers **{prediction.text}**.")
    if not prediction.accepted:
        st.caption(f"Best guess: {prediction.label}, {prediction.probability:.1%}.")
    elif prediction.label != sample.prediction.label:
        st.caption(f"Sure to {prediction.probability:.1%}, and centred it is {sample.prediction.label}.")
    else:
        st.caption(f"Sure to {prediction.probability:.1%}, centred to {sample.prediction.probability:.1%}.")
