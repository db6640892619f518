"""My drawings: one tap labels and saves a drawing, and from then on it counts.

Saved for this visitor alone, by the secret of the browser. Knows the store of drawings, charts and the session.
"""

from collections.abc import Callable
from zlib import crc32

import numpy as np
import streamlit as st

from model.drawings import collection
from model.drawings.collection import LABELS, LabelledDrawing
from model.errors import DigitLabError
from model.inference.classifier import Classifier, Prediction
from model.ink.render import Strokes
from pages.ui.components.image_grid import Tile, clickable_image_grid
from pages.ui.draw import help as help_texts
from pages.ui.draw.sample import Sample
from pages.ui.language import format_number
from pages.ui.shell import services, session
from pages.ui.shell.text import markdown
from pages.ui.translation import _, class_label, ngettext

_TILE = 64
_MAX_SHOWN = 60  # newest drawings
_ROW, _FRAME = 30, 62  # pixels of the confusion matrix, which has rows only for classes that were drawn
_CHOSEN = "draw-mine-chosen"


def label_control(sample: Sample) -> None:
    """Draw the choice of a label; a tap saves the drawing, another label corrects it, the same one deletes it."""
    drawn, saved = str([line.tolist() for line in sample.strokes or ()]), session.saved_drawing()
    is_restored = saved is not None and saved[2] == drawn  # undo or redo restored the labelled drawing
    sheet = saved[0] if saved and is_restored else session.sheet_id()
    key = "-".join(("draw-meant", sheet, str(crc32(drawn.encode()))))
    if saved and is_restored:
        st.session_state.setdefault(key, saved[1])
    is_saved = st.session_state.get(key) is not None
    title = _(help_texts.LABEL_SAVED) if is_saved else _(help_texts.LABEL)
    with st.container(key="draw-meant"):
        label = st.segmented_control(title, LABELS, key=key, format_func=lambda label: class_label(str(label)))
    try:
        _save(sheet, label, drawn, sample.strokes)
    except DigitLabError as error:
        st.warning(markdown(error))


def _save(sheet: str, label: int | str | None, drawn: str, strokes: Strokes | None) -> None:
    """Save or delete the drawing, once for each tap: the page is rerun for other reasons, too."""
    saved = session.saved_drawing()
    if label is not None and saved != (sheet, label, drawn):
        services.my_drawings().save(sheet, label, strokes)
        session.set_saved_drawing((sheet, label, drawn))
    elif label is None and saved and (saved[0], saved[2]) == (sheet, drawn):
        services.my_drawings().delete(sheet)
        session.set_saved_drawing(None)


@st.fragment
def show(classifier: Classifier) -> None:
    """Show accuracy, confusion matrix and the drawings, to delete or to download."""
    drawings = services.my_drawings().all()
    if not drawings:
        with st.container(key="draw-mine-empty"):
            st.caption(_(help_texts.NO_DRAWINGS))
        return
    images, labels = collection.render_all(drawings)
    predictions = classifier.predict(images)
    figures, tiles = st.columns([1, 1.4], gap="medium")
    with figures:
        _figures(predictions, labels)
    with tiles:
        _tiles(drawings, images, labels, predictions)
        _downloads_and_delete(drawings)


def label_index(prediction: Prediction) -> int:
    """Return the index in LABELS of a prediction; a rejected drawing counts as not a digit."""
    return prediction.class_index if prediction.accepted else len(LABELS) - 1


def _figures(predictions: list[Prediction], labels: np.ndarray) -> None:
    from pages.ui.charts.evaluation import confusion_matrix, describe_matrix
    from pages.ui.components.live_chart import live_chart

    predicted = np.array([label_index(prediction) for prediction in predictions])
    right = int((predicted == labels).sum())
    n = len(labels)
    st.metric(_("Accuracy on my drawings"), format_number(right / n, ".1%"))
    text = ngettext(
        "This network reads {right} of {n} drawing correctly.",
        "This network reads {right} of {n} drawings correctly.",
        n,
    )
    st.caption(text.format(right=right, n=n))
    names = [*map(str, range(10)), "?"]  # "not a digit" would be too long for the axes on a phone
    confusion = np.zeros((len(names), len(names)), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    live_chart(
        confusion_matrix(confusion, names, dark=st.context.theme.type == "dark"),
        "draw-mine-matrix",
        _FRAME + _ROW * len(set(labels.tolist())),
        describe_matrix(confusion),
    )


def _tiles(
    drawings: list[LabelledDrawing], images: np.ndarray, labels: np.ndarray, predictions: list[Prediction]
) -> None:
    def tile(i: int) -> Tile:
        right = label_index(predictions[i]) == labels[i]
        text = "✓ {label}" if right else _("✗ {label} read as {prediction}")
        line = text.format(label=class_label(str(drawings[i].label)), prediction=predictions[i].text)
        return Tile(images[i], (line,), _("my drawing {n}: {label}").format(n=i + 1, label=line), right)

    newest = range(len(drawings) - 1, max(-1, len(drawings) - 1 - _MAX_SHOWN), -1)
    n = len(drawings)
    text = ngettext("{n} drawing. Click it to delete it.", "{n} drawings, newest first. Click one to delete it.", n)
    st.caption(text.format(n=n))
    clicked = clickable_image_grid(((i, tile(i)) for i in newest), "draw-mine-tiles", _TILE)
    if clicked is not None:
        st.session_state[_CHOSEN] = drawings[clicked].id
    chosen = next((drawing for drawing in drawings if drawing.id == st.session_state.get(_CHOSEN)), None)
    if not chosen:
        return
    text = _("Delete this drawing of {label}").format(label=class_label(str(chosen.label)))
    if st.button(text, key="draw-mine-delete", icon=":material/delete:"):
        _delete(lambda: services.my_drawings().delete(chosen.id), is_current=chosen.id in _current_ids())


def _current_ids() -> tuple[str, ...]:
    """Return the ids under which the drawing on the canvas may be saved."""
    saved = session.saved_drawing()
    return (session.sheet_id(), *([saved[0]] if saved else []))


def _downloads_and_delete(drawings: list[LabelledDrawing]) -> None:
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            _("Strokes (.jsonl)"),
            lambda: collection.to_jsonl(drawings),
            "my-drawings.jsonl",
            "application/jsonl",
            key="draw-mine-jsonl",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            _("Images (.zip of PNG)"),
            lambda: collection.to_pngs(drawings),
            "my-drawings.zip",
            "application/zip",
            key="draw-mine-png",
            icon=":material/image:",
            on_click="ignore",
        )
        with (
            st.container(key="draw-mine-delete-menu", width="content"),
            st.popover(_("Delete all"), icon=":material/delete_sweep:"),
        ):
            n = len(drawings)
            text = ngettext("This deletes your drawing.", "This deletes all {n} drawings.", n)
            st.caption(text.format(n=n))
            if st.button(_("Delete"), key="draw-mine-delete-all", icon=":material/delete:"):
                _delete(services.my_drawings().delete_all, is_current=True)


def _delete(delete: Callable[[], None], is_current: bool) -> None:
    """Delete drawings; if the one on the canvas `is_current`, make it a drawing without a label."""
    try:
        delete()
    except DigitLabError as error:
        st.warning(markdown(error))
    else:
        if is_current:
            session.forget_saved_drawing()
        st.rerun()
