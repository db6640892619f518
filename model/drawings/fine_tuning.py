"""A person's own drawings as lessons: a short training that begins with the weights of a network that is there.

About three of four drawings are taught, each drawn anew by other hands, mixed with the dataset's own images so that the
network does not forget those; the others are held back, to see whether the hand was learnt or only the drawings. Knows
drawings, datasets and run folders; knows nothing of Keras or pages.
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
from model.runs.run import FINE_TUNING_DRAWINGS, Run

MIN_DRAWINGS = 4  # drawings: three to teach and one to hold back
_HELD_BACK = 0.25
_IMAGES = 2_000  # of the dataset's own
_SHARE = 0.3  # of the images that lessons should be, in so far as copies make it
_MAX_COPIES = 40  # of one drawing; more would be learnt by heart
_SCRIBBLES = 300  # for networks that know "no digit", lest they forget it


def training_part(drawings: Sequence[LabelledDrawing]) -> list[LabelledDrawing]:
    """Return the drawings to learn from, in their order."""
    held_out = {drawing.id for drawing in held_out_part(drawings)}
    return [drawing for drawing in drawings if drawing.id not in held_out]


def held_out_part(drawings: Sequence[LabelledDrawing]) -> list[LabelledDrawing]:
    """Return the drawings that are not learnt from, in their order: about one in four, of at least two at least one.

    A drawing's id decides, so that one which a first copy of a network learnt is not held back from the next, whatever
    was drawn, corrected or deleted between the two. Only among few drawings, where none would be held back by that or
    all, the others decide with it.
    """
    n_held = sum(_chance(drawing) < _HELD_BACK for drawing in drawings)
    n_held = min(max(n_held, 1), len(drawings) - 1) if len(drawings) > 1 else 0
    held_out = {drawing.id for drawing in sorted(drawings, key=_chance)[:n_held]}
    return [drawing for drawing in drawings if drawing.id in held_out]


def _chance(drawing: LabelledDrawing) -> float:
    """Return a number in [0, 1) that belongs to the drawing's id for good."""
    return int.from_bytes(hashlib.sha256(drawing.id.encode(errors="surrogatepass")).digest()[:4], "big") / 2**32


def fine_tuning_config(run: Run, n_drawings: int) -> TrainingConfig:
    """Return the settings of a training that teaches `n_drawings` to a copy of a run's network.

    Raises RunError for too few drawings and for a network that does not read digits.
    """
    if n_drawings < MIN_DRAWINGS:
        raise RunError(
            f"{n_drawings} labelled drawings are here; expected at least {MIN_DRAWINGS}, so draw and label more."
        )
    if not run.metrics or run.description.get("dataset", {}).get("image_shape") != [28, 28, 1]:
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
    """Return the drawings that a run folder holds; none where it was not taught any."""
    return collection.read(folder / FINE_TUNING_DRAWINGS)


def add_fine_tuning_drawings(dataset: Dataset, folder: Path, knows_no_digit: bool, seed: int) -> Dataset:
    """Return `dataset` with the lessons of a run folder, and an eleventh class where the network has one.

    Lessons are learnt from whatever part of the training images is. Raises RunError where there are none.
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
    hands = [render_variation(drawing.strokes, rng) for drawing in drawn for _ in range(copies)]
    hand_labels = [label for label in labels.tolist() for _ in range(copies)]
    if knows_no_digit:
        hands += [render_variation(random_negative(rng), rng) for _ in range(_SCRIBBLES)]
        hand_labels += [len(dataset.class_names)] * _SCRIBBLES
    names = (*dataset.class_names, NO_DIGIT) if knows_no_digit else dataset.class_names
    all_images = np.concatenate([images, np.stack(hands)[..., None]])
    all_labels = np.concatenate([labels, np.array(hand_labels, np.int64)])
    known = all_labels < len(names)  # "no digit" can't be taught to a network without that class
    return replace(dataset, class_names=names, lessons=(all_images[known], all_labels[known]))
