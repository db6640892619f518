"""Fine-tune a network on a visitor's drawings: a short training that starts from the weights of a finished run.

The network is trained on about three of four drawings, each in many variations, mixed with images of the dataset so
that it doesn't forget them. The other drawings are held out, to see whether it learned the handwriting or only the
drawings.
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
from model.drawings.mixing import check_digits, render_variation
from model.drawings.negatives import random_negative
from model.errors import RunError
from model.results import NO_DIGIT
from model.runs.run import FINE_TUNING_DRAWINGS, FinishedRun

MIN_DRAWINGS = 4  # three to train on and one to hold out
_HELD_OUT = 0.25
_IMAGES = 2_000  # from the dataset
_SHARE = 0.3  # target share of drawings among all images; _MAX_COPIES may keep it lower
_MAX_COPIES = 40  # of each drawing; with more, the network would memorize it
_SCRIBBLES = 300  # for networks with the class "no digit", so that they don't forget it


def training_part(drawings: Sequence[LabelledDrawing]) -> list[LabelledDrawing]:
    """Return the drawings to train on, in their order."""
    held_out = {drawing.id for drawing in held_out_part(drawings)}
    return [drawing for drawing in drawings if drawing.id not in held_out]


def held_out_part(drawings: Sequence[LabelledDrawing]) -> list[LabelledDrawing]:
    """Return the drawings to hold out, in their order: about one in four, and at least one of two or more.

    The drawing's id decides, so a drawing that was trained on in one fine-tuning isn't held out from the next, even if
    others were added, relabelled or deleted in between. The other drawings only matter if there are so few
    that everything or nothing would be held out.
    """
    n_held_out = sum(_position(drawing) < _HELD_OUT for drawing in drawings)
    n_held_out = min(max(n_held_out, 1), len(drawings) - 1) if len(drawings) > 1 else 0
    held_out = {drawing.id for drawing in sorted(drawings, key=_position)[:n_held_out]}
    return [drawing for drawing in drawings if drawing.id in held_out]


def _position(drawing: LabelledDrawing) -> float:
    """Return a number in [0, 1) that depends only on the drawing's id."""
    return int.from_bytes(hashlib.sha256(drawing.id.encode(errors="surrogatepass")).digest()[:4], "big") / 2**32


def fine_tuning_config(run: FinishedRun, n_drawings: int) -> TrainingConfig:
    """Return the settings for fine-tuning a copy of a run's network on `n_drawings` drawings.

    Raises RunError if there are too few drawings or if the network doesn't read digits.
    """
    if n_drawings < MIN_DRAWINGS:
        raise RunError(
            "Fine-tuning needs at least {least} labelled drawings, got {n}. Draw and label more.",
            least=MIN_DRAWINGS,
            n=n_drawings,
        )
    if not run.reads_digits:
        raise RunError(
            "Run {run} doesn't read drawings. Choose a network that was trained on digits of 28x28 pixels.", run=run.id
        )
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
    """Return the drawings in a run folder; [] if the run isn't fine-tuned on any."""
    return collection.read(folder / FINE_TUNING_DRAWINGS)


def add_fine_tuning_drawings(dataset: Dataset, folder: Path, knows_non_digits: bool, seed: int) -> Dataset:
    """Return `dataset` with the drawings of a run folder, and with an eleventh class if the network has one.

    All of these drawings are trained on, even if the number of training images is limited. Raises RunError if there
    are none, DataError if the classes of the dataset aren't the digits that visitors draw.
    """
    check_digits(dataset)
    drawn = training_part(read_drawings(folder))
    images, labels = collection.render_all(drawn)
    rng = np.random.default_rng(seed)
    if not drawn:
        raise RunError(
            "Run {run} has no labelled drawings in {file}. Start a new fine-tuning from your drawings.",
            run=folder.name,
            file=FINE_TUNING_DRAWINGS,
        )
    copies = int(np.clip(_SHARE / (1 - _SHARE) * _IMAGES / len(drawn), 1, _MAX_COPIES))
    variations = [render_variation(drawing.strokes, rng) for drawing in drawn for _ in range(copies)]
    variation_labels = [label for label in labels.tolist() for _ in range(copies)]
    if knows_non_digits:
        variations += [render_variation(random_negative(rng), rng) for _ in range(_SCRIBBLES)]
        variation_labels += [len(dataset.class_names)] * _SCRIBBLES
    names = (*dataset.class_names, NO_DIGIT) if knows_non_digits else dataset.class_names
    all_images = np.concatenate([images, np.stack(variations)[..., None]])
    all_labels = np.concatenate([labels, np.array(variation_labels, np.int64)])
    usable = all_labels < len(names)  # a network without the class "no digit" can't be trained on it
    return replace(dataset, class_names=names, extra_training=(all_images[usable], all_labels[usable]))
