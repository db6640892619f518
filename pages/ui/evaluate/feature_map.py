"""A map: test images laid out in two dimensions by what the network's last hidden layer makes of them.

Knows scores, the projection and charts; computes nothing of its own.
"""

import numpy as np
import streamlit as st

from model.errors import DigitLabError
from model.evaluation import projection
from model.evaluation.evaluate import EvaluationResult
from model.runs.run import FinishedRun
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.image_grid import data_uri
from pages.ui.components.live_chart import Pictures, live_chart
from pages.ui.shell import predictions, services

_HOW = {"spread": "Neighbours (t-SNE)", "project": "Main directions (PCA)"}
_HEIGHT, _COLUMNS, _SHOWN = 540, 50, 112  # pixels; images in a row of the sheet; pixels of one on the screen
_LARGEST = 32  # pixels of one in the sheet


def show(run: FinishedRun, result: EvaluationResult) -> None:
    """Draw the map; the point under the mouse or the finger shows its image."""
    try:
        indices, features = predictions.test_features(run)
        how = st.segmented_control(
            "Layout",
            list(_HOW),
            format_func=_HOW.__getitem__,
            default="project",
            required=True,
            key="eval-map-how",
            label_visibility="collapsed",
        )
        modified = run.network.stat().st_mtime_ns
        points = _layout(str(run.path), modified, how, features)
        pictures = _pictures(str(run.path), modified, services.test_images(run)[indices])
    except DigitLabError as error:
        st.info(str(error), icon=":material/scatter_plot:")
        return
    names = result.metrics.class_names
    labels, predicted = result.predictions.labels[indices], result.predictions.predicted[indices]
    figure = evaluation_charts.image_map(points, labels, predicted, indices, names)
    description = f"{len(indices)} test images in two dimensions, {(labels != predicted).sum()} of them read wrong"
    live_chart(figure, f"eval-map-{run.id}-{how}", _HEIGHT, description, pictures)
    st.caption(
        f"The first {len(indices):,} test images; the one under the mouse is shown. Images that the network finds "
        "alike lie together; crosses are mistakes, often at the edge of a group or inside another."
    )


@st.cache_data(max_entries=8, show_spinner="Laying out the images…")
def _layout(run: str, modified: int, how: str, _features: np.ndarray) -> np.ndarray:
    return projection.tsne(_features) if how == "spread" else projection.pca(_features)


@st.cache_data(max_entries=4, show_spinner=False)
def _pictures(run: str, modified: int, _images: np.ndarray) -> Pictures:
    """Lay the images out in one sheet, `_COLUMNS` in a row."""
    step = -(-max(_images.shape[1:3]) // _LARGEST)
    _images = _images[:, ::step, ::step]  # of 2,000 large ones the sheet would have 100 MB
    n, height, width, channels = _images.shape
    side, rows = max(height, width), -(-n // _COLUMNS)
    sheet = np.zeros((rows * _COLUMNS, side, side, channels), np.uint8)
    sheet[:n, :height, :width] = _images
    laid = sheet.reshape(rows, _COLUMNS, side, side, channels).swapaxes(1, 2)
    return Pictures(data_uri(laid.reshape(rows * side, _COLUMNS * side, channels)), side, _COLUMNS, _SHOWN / side)
