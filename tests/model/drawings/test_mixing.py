"""Adding drawings to a dataset: which writers are for training, validation or neither, counted with fake writers."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from model.drawings import corpus, mixing
from model.drawings.corpus import TEST, TRAIN, VALIDATION
from model.drawings.mixing import add_drawings, calibration_images
from model.errors import DataError
from model.ink.render import PEN_WIDTH, render

SHARE, SEED = 0.2, 5
DIGIT_COPIES, LETTER_COPIES, SCRIBBLES, PAIRS, VALIDATION_SCRIBBLES = 2, 3, 7, 5, 4
PER_CHARACTER, PER_DOUBTFUL_CHARACTER = 12, 4
WRITERS = {TRAIN: ["bob", "hana"], VALIDATION: ["eva"], TEST: ["ann", "syn/0001"]}
NO_DIGIT = 10

# The strokes of the writers of each part, whatever the label: each part has a different image.
STROKES = {
    TRAIN: [[[60, 60], [180, 60], [110, 220]]],
    VALIDATION: [[[60, 60], [60, 220], [180, 220]], [[120, 100], [170, 150]]],
    TEST: [[[60, 60], [220, 220]], [[220, 60], [60, 220]], [[140, 60], [140, 220]], [[60, 140], [220, 140]]],
}
DIGITS_OF = {TRAIN: [1, 2], VALIDATION: [3], TEST: [8, 9]}


@pytest.fixture
def dataset(uci_digits):
    """Forty images of each digit from 0 to 4: all digits from 5 to 9 are drawn."""
    chosen = np.concatenate([np.flatnonzero(uci_digits.y_train == digit)[:40] for digit in range(5)])
    return replace(uci_digits, x_train=uci_digits.x_train[chosen], y_train=uci_digits.y_train[chosen])


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(mixing, "_DIGIT_COPIES", DIGIT_COPIES)
    monkeypatch.setattr(mixing, "_LETTER_COPIES", LETTER_COPIES)
    monkeypatch.setattr(mixing, "_SCRIBBLES", SCRIBBLES)
    monkeypatch.setattr(mixing, "_PAIRS", PAIRS)
    monkeypatch.setattr(mixing, "_PHOTOGRAPHED", 0.0)
    monkeypatch.setattr(mixing, "_PER_CHARACTER", PER_CHARACTER)
    monkeypatch.setattr(mixing, "_PER_DOUBTFUL_CHARACTER", PER_DOUBTFUL_CHARACTER)
    monkeypatch.setattr(mixing, "_VALIDATION_SCRIBBLES", VALIDATION_SCRIBBLES)


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Files in which each writer draws each digit of the part once, and one letter."""
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    for name, labels_of in ((corpus.DIGITS, DIGITS_OF), (corpus.LETTERS, dict.fromkeys(WRITERS, ["x"]))):
        lines = [
            json.dumps({"label": label, "writer": writer, "strokes": STROKES[part]})
            for part, writers in WRITERS.items()
            for writer in writers
            for label in labels_of[part]
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))


def counts(labels):
    return np.bincount(labels, minlength=11).tolist()


def holds(images, image):
    return (images[..., 0] == image).all(axis=(1, 2)).sum()


def test_the_writers_of_these_tests_are_in_their_parts():
    assert all(corpus.split_of_writer(writer) == part for part, writers in WRITERS.items() for writer in writers)


def test_no_digit_is_the_last_class_and_test_images_stay(dataset, drawn):
    combined = add_drawings(dataset, SHARE, SEED)
    assert combined.class_names == (*dataset.class_names, "no digit")
    assert combined.x_test is dataset.x_test
    assert combined.y_test is dataset.y_test
    assert combined.image_shape == dataset.image_shape


def test_training_has_the_drawings_of_training_writers_only(dataset, drawn):
    combined = add_drawings(dataset, SHARE, SEED)
    assert (combined.x_train.dtype, combined.y_train.dtype) == (np.uint8, np.int64)
    assert combined.x_train.shape == (len(combined.y_train), 28, 28, 1)
    expected = [32, 32, 32, 32, 32, 0, 0, 0, 0, 0, 0]  # four fifths of forty
    for digit in DIGITS_OF[TRAIN]:
        expected[digit] += len(WRITERS[TRAIN]) * DIGIT_COPIES
    blank = 1
    expected[NO_DIGIT] += len(WRITERS[TRAIN]) * LETTER_COPIES + SCRIBBLES + PAIRS + blank
    assert counts(combined.y_train) == expected
    assert combined.y_train[~combined.x_train.any(axis=(1, 2, 3))].tolist() == [NO_DIGIT]


def test_validation_has_held_out_images_and_unvaried_drawings(dataset, drawn):
    images, labels = add_drawings(dataset, SHARE, SEED).validation
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    expected = [8, 8, 8, 8, 8, 0, 0, 0, 0, 0, 0]
    expected[3] += 1
    expected[NO_DIGIT] += 1 + VALIDATION_SCRIBBLES
    assert counts(labels) == expected
    assert holds(images[labels == 3], render(STROKES[VALIDATION])) == 1
    assert holds(images[labels == NO_DIGIT], render(STROKES[VALIDATION])) == 1
    assert holds(images, render(STROKES[TRAIN])) == 0


def test_drawings_of_test_writers_are_nowhere(dataset, drawn, monkeypatch):
    monkeypatch.setattr(mixing, "vary_strokes", lambda strokes, rng: strokes)
    monkeypatch.setattr(mixing, "random_pen_width", lambda rng: PEN_WIDTH)
    combined = add_drawings(dataset, SHARE, SEED)
    drawn_images, drawn_labels = calibration_images(combined, SEED)
    for images, labels in ((combined.x_train, combined.y_train), combined.validation, (drawn_images, drawn_labels)):
        assert not set(labels.tolist()) & set(DIGITS_OF[TEST])
        assert holds(images, render(STROKES[TEST])) == 0
    # The search works: it finds the training drawings, and no validation drawings among them.
    copies = len(WRITERS[TRAIN]) * (len(DIGITS_OF[TRAIN]) * DIGIT_COPIES + LETTER_COPIES)
    assert holds(combined.x_train, render(STROKES[TRAIN])) == copies
    assert holds(combined.x_train, render(STROKES[VALIDATION])) == 0


def test_each_image_of_the_dataset_is_in_one_part(dataset, drawn):
    combined = add_drawings(dataset, SHARE, SEED)
    train, validation = combined.x_train[:160], combined.validation[0][:40]
    images = sorted(image.tobytes() for image in np.concatenate([train, validation]))
    assert images == sorted(image.tobytes() for image in dataset.x_train)


def test_each_copy_of_a_drawing_is_different(dataset, drawn):
    combined = add_drawings(dataset, SHARE, SEED)
    ones = combined.x_train[160:][combined.y_train[160:] == 1]
    assert len({image.tobytes() for image in ones}) == len(ones) == 4


def test_the_same_seed_gives_the_same_images(dataset, drawn):
    first, again, other = (add_drawings(dataset, SHARE, seed) for seed in (SEED, SEED, SEED + 1))
    assert np.array_equal(first.x_train, again.x_train)
    assert np.array_equal(first.y_train, again.y_train)
    assert all(np.array_equal(a, b) for a, b in zip(first.validation, again.validation, strict=True))
    assert not np.array_equal(first.x_train, other.x_train)


def test_the_input_dataset_is_not_modified(dataset, drawn):
    before = dataset.x_train.copy()
    add_drawings(dataset, SHARE, SEED)
    assert np.array_equal(dataset.x_train, before)
    assert len(dataset.class_names) == 10


def test_without_drawings_only_negatives_are_added(dataset):
    combined = add_drawings(dataset, SHARE, SEED)
    assert counts(combined.y_train) == [32] * 5 + [0] * 5 + [SCRIBBLES + 1]
    assert counts(combined.validation[1]) == [8] * 5 + [0] * 5 + [VALIDATION_SCRIBBLES]
    assert all(a is b for a, b in zip(calibration_images(combined, SEED), combined.validation, strict=True))


def test_without_letters_only_digits_are_added(dataset, drawn, tmp_path):
    (tmp_path / f"{corpus.LETTERS}.jsonl").unlink()
    combined = add_drawings(dataset, SHARE, SEED)
    assert counts(combined.y_train)[NO_DIGIT] == SCRIBBLES + PAIRS + 1
    assert counts(combined.validation[1])[NO_DIGIT] == VALIDATION_SCRIBBLES


def test_rare_characters_become_as_many_images_as_common_ones(dataset, drawn, tmp_path):
    def line(label, writer):
        return json.dumps({"label": label, "writer": writer, "strokes": STROKES[TRAIN]})

    before = counts(add_drawings(dataset, SHARE, SEED).y_train)[NO_DIGIT]
    lines = [line("A", "bob")] * 6 + [line("#", "hana")] * 2 + [line("a", "bob"), line("O", "bob"), line("A", "ann")]
    (tmp_path / f"{corpus.CHARACTERS}.jsonl").write_text("\n".join([*lines, line("A", "eva"), line("a", "eva")]))
    combined = add_drawings(dataset, SHARE, SEED)
    assert counts(combined.y_train)[NO_DIGIT] == before + 2 * PER_CHARACTER + PER_DOUBTFUL_CHARACTER
    assert counts(combined.validation[1])[NO_DIGIT] == 2 + VALIDATION_SCRIBBLES, "one letter and one clear character"


def test_some_images_are_read_from_simulated_photos(dataset, drawn, monkeypatch):
    drawings = corpus.load(corpus.DIGITS, TRAIN)
    monkeypatch.setattr(mixing, "_PHOTOGRAPHED", 1.0)
    clean = render(drawings[0].strokes)
    images = [mixing._variation(drawings[0].strokes, np.random.default_rng(seed)) for seed in range(5)]
    ink = [(image.astype(float) * clean).sum() / np.linalg.norm(image.astype(float)) for image in images]
    assert min(ink) / np.linalg.norm(clean.astype(float)) > 0.3, "each shows this digit"


def test_calibration_uses_validation_writers_drawings_alone(dataset, drawn):
    combined = add_drawings(dataset, SHARE, SEED)
    images, labels = calibration_images(combined, SEED)
    assert labels.tolist() == [3] + [NO_DIGIT] * (1 + VALIDATION_SCRIBBLES)
    assert np.array_equal(images, combined.validation[0][40:])
    assert np.array_equal(labels, combined.validation[1][40:])


def test_progress_is_reported_every_thousand_images(dataset, monkeypatch):
    monkeypatch.setattr(mixing, "_SCRIBBLES", 2100)
    monkeypatch.setattr(mixing, "render_variation", lambda strokes, rng: render([]))
    progress = []
    add_drawings(dataset, SHARE, SEED, progress.append)
    assert progress == [1000, 2000]


def test_images_other_than_28x28_digits_raise_an_error(dataset):
    smaller = replace(dataset, x_train=dataset.x_train[:, :20])
    coloured = replace(dataset, x_train=np.repeat(dataset.x_train, 3, axis=3))
    fewer = replace(dataset, class_names=tuple("01234"))
    more = add_drawings(dataset, SHARE, SEED)
    for unfit in (smaller, coloured, fewer, more):
        with pytest.raises(DataError) as caught:
            add_drawings(unfit, SHARE, SEED)
        assert caught.value.values["shape"] == unfit.image_shape
        assert caught.value.values["n"] == len(unfit.class_names)


@pytest.mark.slow
def test_real_drawings_are_added(dataset, real_data, monkeypatch):
    monkeypatch.setattr(mixing, "render_variation", lambda strokes, rng: render([]))  # rendering takes a minute
    combined = add_drawings(dataset, SHARE, SEED)
    trained = [len(corpus.load(name, TRAIN)) for name in (corpus.DIGITS, corpus.LETTERS)]
    symbols = [each for each in corpus.load(corpus.CHARACTERS, TRAIN) if each.label not in corpus.LIKE_DIGITS]
    assert Counter(each.label for each in symbols).most_common()[-1][1] > PER_CHARACTER, "so each is used once"
    others = len(symbols) + SCRIBBLES + PAIRS + 1
    assert len(combined.y_train) == 160 + trained[0] * DIGIT_COPIES + trained[1] * LETTER_COPIES + others
    validated = [len(corpus.load(name, VALIDATION)) for name in (corpus.DIGITS, corpus.LETTERS)]
    clear = corpus.LIKE_DIGITS | corpus.SOMETIMES_LIKE_DIGITS
    validated.append(sum(each.label not in clear for each in corpus.load(corpus.CHARACTERS, VALIDATION)))
    assert len(combined.validation[1]) == 40 + sum(validated) + VALIDATION_SCRIBBLES
    assert combined.validation[0].any(axis=(1, 2, 3)).all()
