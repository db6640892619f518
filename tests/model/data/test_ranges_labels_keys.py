"""Ranges of pixels, forms of labels and names of arrays: those that people use are recognized, others refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.data import catalog, npz
from model.data.pixels import find_range, to_uint8
from model.errors import DataError
from model.evaluation.evaluate import evaluate
from model.runs.store import CLASSROOM_RUN, RunStore
from tests.model.data.samples import assert_sound, layout
from tests.support import PROJECT, check_message

CASES = PROJECT.parent / "shared" / "cases"


@pytest.fixture
def cases(monkeypatch) -> Path:
    """The folder with small inputs that people might bring."""
    if not CASES.is_dir():
        pytest.skip(f"needs {CASES}")
    monkeypatch.setenv("DIGIT_LAB_DATA", str(CASES))
    return CASES


def strokes(white, dtype=float, black=0.0):
    """Images like drawings: black, and a few strokes of any grey up to white."""
    grey = np.random.default_rng(0).random((12, 9, 8))
    grey[grey < 0.8] = 0
    grey[:, 4, 4], grey[:, 0, 0] = 1, 0
    values = black + (white - black) * grey
    return (np.rint(values) if np.dtype(dtype).kind in "ui" else values).astype(dtype), grey


@pytest.mark.parametrize(
    ("white", "dtype", "black"),
    [
        *((1, np.uint8, 0), (1, np.int64, 0), (1, np.float16, 0), (1.004, np.float32, 0), (1.0000001, float, 0)),
        *((15, np.uint8, 0), (16, np.uint8, 0), (16, np.float32, 0), (100, np.int16, 0), (99.6, np.float64, 0)),
        *((1, np.float32, -1), (1, np.int8, -1), (0.5, np.float32, -0.5), (7, np.uint8, 0), (127, np.int8, 0)),
        *((255, np.uint8, 0), (255, np.float32, 0), (200, np.uint8, 0), (65535, np.uint16, 0)),
    ],
)
def test_images_have_the_same_grey_levels_from_any_range(white, dtype, black):
    images, grey = strokes(white, dtype, black)
    pixels = to_uint8(images, find_range("a.npz", {"x_train": images}))
    steps = abs(white - black) if np.dtype(dtype).kind in "ui" else 255
    expected = 200 * grey if white == 200 else 255 * grey
    assert np.abs(pixels - expected).max() <= 255 / min(steps, 255) / 2 + 2
    assert pixels.max() >= 200
    assert pixels[:, 0, 0].max() == 0


@pytest.mark.parametrize(
    ("low", "high"),
    [(-0.42, 2.82), (0, 40), (0, 1.6), (0, 2.0), (0, 256), (-1, 255), (-128, 127), (0, 1e6), (-3, 1), (0, 110)],
)
def test_an_unknown_range_is_refused_with_its_values(low, high):
    with pytest.raises(DataError) as caught:
        find_range("a.npz", {"x_train": np.linspace(low, high, 200).reshape(2, 10, 10)})
    check_message(caught.value, key="x_train", file="a.npz", low=low, high=high)


@given(st.floats(-300, 300), st.floats(-300, 300), st.sampled_from([np.float64, np.int16, np.uint8]))
def test_no_range_is_loaded_as_nearly_black(one, other, dtype):
    images = np.linspace(*sorted((one, other)), 100).clip(0 if dtype == np.uint8 else -300, 255)
    images = images.astype(dtype).reshape(1, 10, 10)
    try:
        pixels = to_uint8(images, find_range("a.npz", {"x": images}))
    except DataError as error:
        check_message(error, file="a.npz")
    else:
        assert pixels.max() >= 100 or images.max() <= 0.45, "dark floats below 1 are dark images"


def test_a_part_with_another_range_is_refused():
    bright, percent = strokes(255, np.uint8)[0], strokes(100, np.uint8)[0]
    with pytest.raises(DataError) as caught:
        find_range("a.npz", {"x_train": bright, "x_test": percent})
    check_message(caught.value, odd="x_test", other="x_train", odd_high=100, other_high=255)


def load_own(save_own, arrays):
    save_own(arrays)
    dataset = catalog.load("own")
    assert_sound(dataset)
    return dataset


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize(("form", "factor"), [(float, 1), (bool, 1), (np.int64, 1), (np.float32, 0.9999)])
def test_one_hot_labels_are_taken(save_own, form, factor):
    arrays = layout()
    hot = {key: (factor * np.eye(3)[arrays[key]]).astype(form) for key in ("y_train", "y_test")}
    dataset = load_own(save_own, arrays | hot)
    assert np.array_equal(dataset.y_train, arrays["y_train"])
    assert np.array_equal(dataset.y_test, arrays["y_test"])
    assert dataset.class_names == ("0", "1", "2")


@pytest.mark.usefixtures("isolated")
def test_words_are_classes_in_their_usual_order(save_own):
    arrays, words = layout(), np.array(["zebra", "Ant", "10"])
    dataset = load_own(save_own, arrays | {key: words[arrays[key]] for key in ("y_train", "y_test")})
    assert dataset.class_names == ("10", "Ant", "zebra")
    assert dataset.y_train[:4].tolist() == [2, 1, 0, 2]


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize("first", [1, 4])
def test_labels_that_start_above_0_name_their_classes(save_own, first):
    arrays = layout()
    dataset = load_own(save_own, arrays | {key: arrays[key] + first for key in ("y_train", "y_test")})
    assert dataset.class_names == tuple(str(first + number) for number in range(3))
    assert np.array_equal(dataset.y_train, arrays["y_train"])
    assert dataset.origin.first_label == first


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize("names", [["none", "a", "b", "c"], ["a", "b", "c"]])
def test_class_names_decide_whether_class_0_exists(save_own, names):
    arrays = layout()
    shifted = {key: arrays[key] + 1 for key in ("y_train", "y_test")}
    dataset = load_own(save_own, arrays | shifted | {"class_names": np.array(names)})
    assert dataset.class_names == tuple(names)
    assert [dataset.class_names[label] for label in dataset.y_train[:3]] == ["a", "b", "c"]


KEYS = [
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("X_train", "Y_train", "X_test", "Y_test"),
    ("trainX", "trainY", "testX", "testY"),
    ("images_train", "labels_train", "images_test", "labels_test"),
    ("training_data", "training_targets", "testing_data", "testing_targets"),
]


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize("keys", KEYS)
def test_other_names_that_mean_the_same_are_taken(save_own, keys):
    arrays = layout()
    dataset = load_own(save_own, {key: arrays[usual] for key, usual in zip(keys, npz.KEYS, strict=True)})
    assert np.array_equal(dataset.x_train[..., 0], arrays["x_train"])
    assert np.array_equal(dataset.y_test, arrays["y_test"])
    assert not dataset.origin.is_split


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize("keys", [("X", "y"), ("images", "labels"), ("data", "target"), ("arr_0", "arr_1"), ("a", "b")])
def test_without_a_test_part_a_stratified_fifth_becomes_it(save_own, keys):
    arrays = layout(n=60)
    names = np.array(["oak", "birch", "maple"])
    dataset = load_own(save_own, {keys[0]: arrays["x_train"], keys[1]: arrays["y_train"], "class_names": names})
    assert dataset.origin.is_split
    assert dataset.class_names == ("oak", "birch", "maple")
    assert (len(dataset.x_train), len(dataset.x_test)) == (48, 12)
    assert np.bincount(dataset.y_test).tolist() == [4, 4, 4]
    together = np.sort(np.concatenate([dataset.x_train, dataset.x_test])[..., 0].reshape(60, -1), axis=0)
    assert np.array_equal(together, np.sort(arrays["x_train"].reshape(60, -1), axis=0))
    assert catalog.load("own").fingerprint == dataset.fingerprint, "the same fifth every time"


@pytest.mark.usefixtures("isolated")
def test_medmnist_has_a_validation_part(save_own):
    arrays, held_back = layout(), layout(n=9)
    keys = ("train_images", "train_labels", "test_images", "test_labels")
    medmnist = {key: arrays[usual] for key, usual in zip(keys, npz.KEYS, strict=True)}
    medmnist |= {key: medmnist[key][:, None] for key in ("train_labels", "test_labels")}
    medmnist |= {"val_images": held_back["x_train"], "val_labels": held_back["y_train"][:, None]}
    dataset = load_own(save_own, medmnist)
    assert np.array_equal(dataset.validation[0][..., 0], held_back["x_train"])
    assert np.array_equal(dataset.validation[1], held_back["y_train"])


@pytest.mark.usefixtures("isolated")
def test_flat_rows_and_channels_first_are_turned(save_own):
    arrays = layout(shape=(9, 9))
    flat = {key: arrays[key].reshape(len(arrays[key]), -1) for key in ("x_train", "x_test")}
    assert np.array_equal(load_own(save_own, arrays | flat).x_train[..., 0], arrays["x_train"])
    torch = {key: np.repeat(arrays[key][:, None], 3, axis=1) for key in ("x_train", "x_test")}
    assert np.array_equal(load_own(save_own, arrays | torch).x_test[..., 2], arrays["x_test"])


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize(
    "changes", [{"photos": 0, "numbers": 0, "more": 0}, {"images": 0, "train_images": 0, "train_labels": 1}]
)
def test_unclear_names_are_listed(save_own, changes):
    arrays = layout()
    save_own({key: arrays["y_train" if is_label else "x_train"] for key, is_label in changes.items()})
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    assert all(key in str(caught.value) for key in changes)


# What `evaluate dense-128-dropout --dataset NAME` gives on the same 40 images, saved in different ways.
SAME_IMAGES = ["own-good", "own-uint8-0-or-1", "own-float-up-to-1.004", "own-0-to-16", "own-one-hot"]
SAME_IMAGES += ["own-medmnist-keys", "own-float-1.0000001-in-train-only"]


@pytest.mark.parametrize("name", SAME_IMAGES)
def test_the_same_digits_are_read_alike_however_they_are_saved(cases, name):
    result = evaluate(RunStore().open_finished(CLASSROOM_RUN), name)
    assert result.metrics.n == 40
    assert result.metrics.accuracy == 1.0


def test_labels_from_1_to_10_have_no_class_0(cases):
    dataset = catalog.load("own-labels-1-to-10")
    assert dataset.class_names == tuple(str(number) for number in range(1, 11))
