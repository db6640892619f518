"""Embedding: test images projected to two dimensions by the output of the network's last hidden layer.

Knows scores, the projection and charts; computes nothing itself.
"""

import numpy as np
import streamlit as st

from model.errors import DigitLabError
from model.evaluation import projection
from model.evaluation.evaluate import EvaluationResult
from model.messages import N_
from model.runs.run import FinishedRun
from pages.ui import glossary
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.image_grid import data_uri
from pages.ui.components.live_chart import Pictures, live_chart
from pages.ui.evaluate import help
from pages.ui.language import format_number
from pages.ui.shell import predictions, services
from pages.ui.shell.text import markdown
from pages.ui.translation import _, class_label

_TSNE, _PCA = "spread", "project"
_PROJECTIONS = {_TSNE: N_("Keep neighbours together (t-SNE)"), _PCA: N_("Keep the overall structure (PCA)")}
_TERMS = {_TSNE: N_("t-SNE"), _PCA: N_("PCA")}  # of the glossary
_HEIGHT, _COLUMNS, _SHOWN = 540, 50, 112  # pixels; images per row of the sheet; pixels of an image on the screen
_LARGEST = 32  # pixels of an image in the sheet


def show(run: FinishedRun, result: EvaluationResult) -> None:
    """Draw the points; the one under the mouse or finger shows its image."""
    try:
        indices, features = predictions.test_features(run)
        chosen = st.segmented_control(
            _("Projection"),
            list(_PROJECTIONS),
            format_func=lambda how: _(_PROJECTIONS[how]),
            default=_PCA,
            required=True,
            key="eval-map-how",
            label_visibility="collapsed",
        )
        modified = run.network.stat().st_mtime_ns
        with st.spinner(_("Projecting the images…")):
            points = _project(str(run.path), modified, chosen, features)
        pictures = _pictures(str(run.path), modified, services.test_images(run)[indices])
    except DigitLabError as error:
        st.info(markdown(error), icon=":material/scatter_plot:")
        return
    names = [class_label(name) for name in result.metrics.class_names]
    labels, predicted = result.predictions.labels[indices], result.predictions.predicted[indices]
    figure = evaluation_charts.embedding(points, labels, predicted, indices, names)
    description = _("{n} test images in two dimensions; misclassified: {wrong}.").format(
        n=len(indices), wrong=(labels != predicted).sum()
    )
    live_chart(figure, key=f"eval-map-{run.id}-{chosen}", height=_HEIGHT, description=description, pictures=pictures)
    st.caption(
        _(help.EMBEDDING).format(n=format_number(len(indices), ",")),
        help="\n\n".join((glossary.explain("Embedding"), glossary.explain(_TERMS[chosen]))),
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _project(run: str, modified: int, how: str, _features: np.ndarray) -> np.ndarray:
    return projection.tsne(_features) if how == _TSNE else projection.pca(_features)


@st.cache_data(max_entries=4, show_spinner=False)
def _pictures(run: str, modified: int, _images: np.ndarray) -> Pictures:
    """Put the images into one sheet, `_COLUMNS` in a row."""
    step = -(-max(_images.shape[1:3]) // _LARGEST)
    _images = _images[:, ::step, ::step]  # 2,000 large images would make a sheet of 100 MB
    n, height, width, channels = _images.shape
    side, rows = max(height, width), -(-n // _COLUMNS)
    sheet = np.zeros((rows * _COLUMNS, side, side, channels), np.uint8)
    sheet[:n, :height, :width] = _images
    in_rows = sheet.reshape(rows, _COLUMNS, side, side, channels).swapaxes(1, 2)
    return Pictures(data_uri(in_rows.reshape(rows * side, _COLUMNS * side, channels)), side, _COLUMNS, _SHOWN / side)
