"""Show how a drawing becomes the network's image, step by step, and the prediction without these steps.

Knows ink, predictions and HTML; `model.ink` renders the drawing once more, to show its steps.
"""

import numpy as np
import streamlit as st

from model.ink.render import SIDE as NETWORK_SIDE
from model.ink.render import InkSteps, render_steps, squeeze_canvas
from model.messages import N_
from pages.ui import glossary
from pages.ui.components.fabric_strokes import SIDE
from pages.ui.components.image_grid import data_uri, picture
from pages.ui.draw import help as help_texts
from pages.ui.draw.corners import Paper
from pages.ui.draw.sample import Sample
from pages.ui.shell.text import percent, plain
from pages.ui.translation import _, class_label

_SMALL = 112  # pixels on the screen
_CAPTIONS = (N_("as drawn"), N_("cropped"), "20×20", N_("28×28, centred"))
_CSS = """<style>
.steps { display: flex; gap: 4px; align-items: center; }
.steps figure { margin: 0; text-align: center; flex: 1 1 0; min-width: 0; }
.steps img { width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; background: #000;
  border-radius: 6px; border: 1px solid rgba(128,128,128,.35); }
.steps figcaption { font-size: .75rem; line-height: 1.3; opacity: .75; margin-top: 2px; }
.steps span { opacity: .5; margin-bottom: 1.2rem; }
</style>"""


def strip(seen: InkSteps | None, paper: Paper | None = None) -> None:
    """Draw the steps from the canvas to the network, as black squares while there is no ink.

    Those of a photo begin with the paper, if it was found.
    """
    blank = np.zeros((NETWORK_SIDE, NETWORK_SIDE), np.uint8)
    images = [seen.drawn, seen.cropped, seen.scaled, seen.centred] if seen else [blank] * len(_CAPTIONS)
    captions = [_(caption) for caption in _CAPTIONS]
    if paper and paper.corners:
        images.insert(0, paper.outlined())
        captions[:1] = [_("found the paper"), _("straightened")]
    figures = (
        f'<figure><img src="{data_uri(image)}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
        for image, caption in zip(images, captions, strict=True)
    )
    st.html(f'{_CSS}<div class="steps">{"<span>→</span>".join(figures)}</div>')


def of(sample: Sample | None) -> InkSteps | None:
    """Return the steps of a sample that was drawn or photographed."""
    if sample is None or not sample.strokes:
        return sample.steps if sample else None
    return render_steps(sample.strokes, SIDE, SIDE, sample.pen, dot=sample.pen / 2)


def without_centring(sample: Sample | None) -> None:
    """Offer to turn off centring: show the whole canvas shrunk, and the prediction for it."""
    centred = st.toggle(
        _("Centre the ink"),
        value=True,
        key="draw-centring",
        persist_state="session",
        help=f"{_(help_texts.CENTRING)} {glossary.explain('Centre of mass')}",
    )
    if centred:
        st.caption(_(help_texts.CENTRED))
        return
    if sample is None or not sample.strokes:
        st.caption(_(help_texts.NOTHING_TO_SQUEEZE))
        return
    squeezed = squeeze_canvas(sample.strokes, SIDE, SIDE, sample.pen)
    (prediction,) = sample.predict(squeezed[None, ..., None])
    picture(squeezed, _SMALL, _("the whole canvas shrunk to 28×28 grey pixels"))
    st.markdown(_("Without centring, the prediction is **{label}**.").format(label=plain(prediction.text)))
    label, probability = plain(class_label(prediction.label)), percent(prediction.probability)
    centred_label, centred_probability = (
        plain(class_label(sample.prediction.label)),
        percent(sample.prediction.probability),
    )
    if not prediction.accepted:
        st.caption(_("Closest match: {label}, {probability}.").format(label=label, probability=probability))
    elif prediction.label != sample.prediction.label:
        text = _("Confidence {probability}. With centring, it is {label}.")
        st.caption(text.format(probability=probability, label=centred_label))
    else:
        text = _("Confidence {probability}, and {centred} with centring.")
        st.caption(text.format(probability=probability, centred=centred_probability))
