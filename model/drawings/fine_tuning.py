"""Fine-tune a network on a person's own drawings: a short training that starts with the weights of a finished run.

About three of four drawings are trained on, each in many variations, mixed with the dataset's own images so that the
network does not forget those; the others are held out, to see whether it learned the handwriting or only the drawings.
Knows drawings, datasets and run folders; knows nothing of Keras or pages.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from model.config import Augmentation, TrainingConfig
from model.data.dataset import Dataset
from model.drawings import collection
from model.drawings.collection import LabelledDrawing
from model.drawings.mixing import render_variation
from model.drawings.negatives import random_negative
from model.errors import RunError
from model.results import NO_DIGIT
from model.runs.run import FINE_TUNING_DRAWINGS, FinishedRun

MIN_DRAWINGS = 4  # three to train on and one to hold out
_HELD_OUT = 0.25
_IMAGES = 2_000  # of the dataset's own
_SHARE = 0.3  # of the images that should be drawings, as far as copies suffice
_MAX_COPIES = 40  # of one drawing; more would be memorized
_SCRIBBLES = 300  # for networks with the class "no digit", so that they do not forget it


def training_part(drawings: Sequence[LabelledDrawing]) -> list[LabelledDrawing]:
    """Return the drawings to train on, in their order."""
    held_out = {drawing.id for drawing in held_out_part(drawings)}
    return [drawing for drawing in drawings if drawing.id not in held_out]


def held_out_part(drawings: Sequence[LabelledDrawing]) -> list[LabelledDrawing]:
    """Return the drawings that are not trained on, in their order: about one in four, of at least two at least one.

    A drawing's id decides, so that a drawing that one fine-tuning trained on is not held out from the next, even if
    others were drawn, corrected or deleted between the two. Only where that would hold out none or all of a few
    drawings, the others matter too.
    """
    n_held = sum(_position(drawing) < _HELD_OUT for drawing in drawings)
    n_held = min(max(n_held, 1), len(drawings) - 1) if len(drawings) > 1 else 0
    held_out = {drawing.id for drawing in sorted(drawings, key=_position)[:n_held]}
    return [drawing for drawing in drawings if drawing.id in held_out]


def _position(drawing: LabelledDrawing) -> float:
    """Return a number in [0, 1) that depends only on the drawing's id."""
    return int.from_bytes(hashlib.sha256(drawing.id.encode(errors="surrogatepass")).digest()[:4], "big") / 2**32


def fine_tuning_config(run: FinishedRun, n_drawings: int) -> TrainingConfig:
    """Return the settings for fine-tuning a copy of a run's network on `n_drawings` drawings.

    Raises RunError for too few drawings and for a network that does not read digits.
    """
    if n_drawings < MIN_DRAWINGS:
        raise RunError(
            f"{n_drawings} labelled drawings are here; expected at least {MIN_DRAWINGS}, so draw and label more."
        )
    if not run.reads_digits:
        raise RunError(f"Run {run.id} does not read drawings; expected a network for digits of 28x28.")
    return replace(
        run.config,
        start_from=run.id,
        epochs=3,
        batch_size=32,
        optimizer="adam",
        schedule="constant",
        learning_rate=0.0003,
        loss="sparse",
        label_smoothing=0.0,
        train_images=_IMAGES,
        patience=0,
        keep="last",
        augmentation=Augmentation(rotation=8, shift=0.04, zoom=0.08),
        validation_share=1 / 12,
        precision="float32",
    )


def read_drawings(folder: Path) -> list[LabelledDrawing]:
    """Return the drawings in a run folder; none where it was not fine-tuned on any."""
    return collection.read(folder / FINE_TUNING_DRAWINGS)


def add_fine_tuning_drawings(dataset: Dataset, folder: Path, knows_no_digit: bool, seed: int) -> Dataset:
    """Return `dataset` with the drawings of a run folder, and an eleventh class where the network has one.

    All drawings are trained on, whatever part of the training images is. Raises RunError where there are none.
    """
    drawn = training_part(read_drawings(folder))
    images, labels = collection.render_all(drawn)
    rng = np.random.default_rng(seed)
    if not drawn:
        raise RunError(
            f"Run {folder.name} has no lessons; expected {FINE_TUNING_DRAWINGS} with labelled drawings, so teach it "
            "again."
        )
    copies = int(np.clip(_SHARE / (1 - _SHARE) * _IMAGES / len(drawn), 1, _MAX_COPIES))
    variations = [render_variation(drawing.strokes, rng) for drawing in drawn for _ in range(copies)]
    variation_labels = [label for label in labels.tolist() for _ in range(copies)]
    if knows_no_digit:
        variations += [render_variation(random_negative(rng), rng) for _ in range(_SCRIBBLES)]
        variation_labels += [len(dataset.class_names)] * _SCRIBBLES
    names = (*dataset.class_names, NO_DIGIT) if knows_no_digit else dataset.class_names
    all_images = np.concatenate([images, np.stack(variations)[..., None]])
    all_labels = np.concatenate([labels, np.array(variation_labels, np.int64)])
    known = all_labels < len(names)  # a network without the class "no digit" can't learn it
    return replace(dataset, class_names=names, extra_training=(all_images[known], all_labels[known]))
