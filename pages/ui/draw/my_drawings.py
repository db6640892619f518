"""My drawings: one tap says what a drawing was meant to be, and from then on it counts.

Kept for this visitor alone, by the secret of the browser. Knows the store of drawings, charts and the session.
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
from pages.ui.draw.sample import Sample
from pages.ui.shell import services, session

_TILE = 64
_SHOWN = 60  # the newest
_ROW, _FRAME = 30, 62  # pixels of the matrix: only classes that were drawn have a row
_CHOSEN = "draw-mine-chosen"


def meant(sample: Sample) -> None:
    """Ask what a drawing was meant to be; a tap keeps it, another label corrects it, the same one takes it back."""
    drawn, before = str([line.tolist() for line in sample.strokes or ()]), session.saved_drawing()
    if before is not None and before[2] == drawn:  # undo or redo brought back what was labelled
        sheet = before[0]
        key = f"draw-meant-{sheet}-{crc32(drawn.encode())}"
        st.session_state.setdefault(key, before[1])
    else:
        sheet = session.sheet()
        key = f"draw-meant-{sheet}-{crc32(drawn.encode())}"
    kept = " :material/check: kept in My drawings" if st.session_state.get(key) is not None else ""
    with st.container(key="draw-meant"):
        label = st.segmented_control(f"What did you mean?{kept}", LABELS, key=key, format_func=str)
    try:
        _keep(sheet, label, drawn, sample.strokes)
    except DigitLabError as error:
        st.warning(str(error))


def _keep(sheet: str, label: int | str | None, drawn: str, strokes: Strokes | None) -> None:
    """Keep or take back, once for each tap: the page is run again for other reasons, too."""
    kept = session.saved_drawing()
    if label is not None and kept != (sheet, label, drawn):
        services.my_drawings().save(sheet, label, strokes)
        session.set_saved_drawing((sheet, label, drawn))
    elif label is None and kept and (kept[0], kept[2]) == (sheet, drawn):
        services.my_drawings().delete(sheet)
        session.set_saved_drawing(None)


@st.fragment
def show(classifier: Classifier) -> None:
    """Show accuracy, confusion matrix and the drawings themselves, with what can be done with them."""
    drawings = services.my_drawings().all()
    if not drawings:
        st.caption("Nothing is kept yet. Draw, and tap what you meant: it is kept for you alone, on this server.")
        return
    images, labels = collection.render_all(drawings)
    predictions = classifier.predict(images)
    figures, tiles = st.columns([1, 1.4], gap="medium")
    with figures:
        _figures(predictions, labels)
    with tiles:
        _tiles(drawings, images, labels, predictions)
        _take_away(drawings)


def label_index(prediction: Prediction) -> int:
    """Return which of LABELS is predicted; whatever is rejected counts as "no digit"."""
    return prediction.class_index if prediction.accepted else len(LABELS) - 1


def _figures(predictions: list[Prediction], labels: np.ndarray) -> None:
    from pages.ui.charts.evaluation import confusion_matrix

    predicted = np.array([label_index(prediction) for prediction in predictions])
    right = int((predicted == labels).sum())
    st.metric("Accuracy on my drawings", f"{right / len(labels):.1%}")
    st.caption(f"{right} of {len(labels)} right, as this network reads them now.")
    names = [*map(str, range(10)), "none"]
    confusion = np.zeros((len(names), len(names)), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    st.plotly_chart(
        confusion_matrix(confusion, names, dark=st.context.theme.type == "dark"),
        height=_FRAME + _ROW * len(set(labels.tolist())),
        config={"displayModeBar": False},
        key="draw-mine-matrix",
    )


def _tiles(
    drawings: list[LabelledDrawing], images: np.ndarray, labels: np.ndarray, predictions: list[Prediction]
) -> None:
    def tile(i: int) -> Tile:
        right = label_index(predictions[i]) == labels[i]
        line = f"{'✓' if right else '✗'} {drawings[i].label}" + ("" if right else f" read as {predictions[i].text}")
        return Tile(images[i], (line,), f"my drawing {i + 1}, meant as {line}", right)

    newest = range(len(drawings) - 1, max(-1, len(drawings) - 1 - _SHOWN), -1)
    st.caption(f"{len(drawings)} kept, the newest first. Click one to delete it.")
    clicked = clickable_image_grid(((i, tile(i)) for i in newest), "draw-mine-tiles", _TILE)
    if clicked is not None:
        st.session_state[_CHOSEN] = drawings[clicked].id
    chosen = next((drawing for drawing in drawings if drawing.id == st.session_state.get(_CHOSEN)), None)
    if chosen and st.button(f"Delete this {chosen.label}", key="draw-mine-delete", icon=":material/delete:"):
        _delete(lambda: services.my_drawings().delete(chosen.id), this=chosen.id in _on_the_paper())


def _on_the_paper() -> tuple[str, ...]:
    kept = session.saved_drawing()
    return (session.sheet(), *([kept[0]] if kept else []))


def _take_away(drawings: list[LabelledDrawing]) -> None:
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Strokes (.jsonl)",
            lambda: collection.to_jsonl(drawings),
            "my-drawings.jsonl",
            "application/jsonl",
            key="draw-mine-jsonl",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Pictures (.zip of PNG)",
            lambda: collection.to_pngs(drawings),
            "my-drawings.zip",
            "application/zip",
            key="draw-mine-png",
            icon=":material/image:",
            on_click="ignore",
        )
        with st.popover("Delete all", icon=":material/delete_sweep:"):
            st.caption(f"All {len(drawings)} drawings will be gone.")
            if st.button("Delete them", key="draw-mine-delete-all", icon=":material/delete:"):
                _delete(services.my_drawings().delete_all, this=True)


def _delete(what: Callable[[], None], this: bool) -> None:
    """Delete, and where `this` drawing on the paper is meant let it be a new one, that nobody has labelled."""
    try:
        what()
    except DigitLabError as error:
        st.warning(str(error))
    else:
        if this:
            session.forget_sheet()
        st.rerun()
