"""Files of every format: valid, unusual and damaged."""

import gzip
import io
import struct
import tarfile
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from model.data import catalog, formats, npz
from model.errors import DataError
from tests.model.data.samples import assert_sound, layout, npz_bytes, python_2_pickle
from tests.support import check_message

pytestmark = pytest.mark.usefixtures("isolated")


def test_your_own_file_is_read_unchanged(save_own):
    arrays = layout()
    save_own(arrays | {"y_train": arrays["y_train"][:, np.newaxis]})
    dataset = catalog.load("own")
    assert_sound(dataset)
    assert np.array_equal(dataset.x_train, arrays["x_train"][..., np.newaxis])
    assert np.array_equal(dataset.y_train, arrays["y_train"])
    assert np.array_equal(dataset.x_test[..., 0], arrays["x_test"])
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.source.startswith("own.npz")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4"])
def test_floats_from_0_to_1_are_scaled_to_255(save_own, kind):
    arrays = layout()
    save_own(arrays | {key: (arrays[key] / 255).astype(kind) for key in ("x_train", "x_test")})
    difference = catalog.load("own").x_train[..., 0].astype(int) - arrays["x_train"]
    assert np.abs(difference).max() == 0


@pytest.mark.parametrize("kind", [np.int16, np.uint64, np.float32, ">i4"])
def test_numbers_from_0_to_255_are_not_scaled(save_own, kind):
    arrays = layout()
    save_own(arrays | {key: arrays[key].astype(kind) for key in ("x_train", "x_test")})
    assert np.array_equal(catalog.load("own").x_train[..., 0], arrays["x_train"])


def test_colour_black_images_and_float_labels_are_valid(save_own):
    arrays = layout(shape=(8, 256, 3))
    save_own(arrays | {"x_test": np.zeros((6, 8, 256, 3), np.float32), "y_train": arrays["y_train"].astype(float)})
    dataset = catalog.load("own")
    assert_sound(dataset)
    assert np.array_equal(dataset.x_train, arrays["x_train"])
    assert dataset.x_test.max() == 0


def test_class_names_are_read_from_the_file(save_own):
    save_own(layout() | {"class_names": np.array(["circle", "square", "Dreieck, schräg"])})
    assert catalog.load("own").class_names == ("circle", "square", "Dreieck, schräg")


def _with_nan():
    images = layout()["x_train"].astype(np.float32)
    images[3, 4, 5] = np.nan
    return images


REJECTED = {  # changes to a valid file, and values that the message mentions
    "flat": ({"x_train": np.zeros((20, 72))}, {"key": "x_train", "shape": (20, 72)}),
    "alpha": ({"x_train": np.zeros((20, 9, 8, 4), np.uint8)}, {"key": "x_train", "channels": 4}),
    "small": ({"x_train": np.zeros((20, 7, 8), np.uint8)}, {"key": "x_train", "low": 8, "size": "7×8"}),
    "large": ({"x_train": np.zeros((20, 9, 257), np.uint8)}, {"key": "x_train", "high": 256, "size": "9×257"}),
    "empty": ({"x_test": np.zeros((0, 9, 8), np.uint8), "y_test": np.zeros(0, int)}, {"key": "x_test"}),
    "sizes": ({"x_test": np.zeros((6, 8, 9), np.uint8)}, {"train": "9×8×1", "test": "8×9×1"}),
    "lengths": ({"y_train": np.zeros(19, int)}, {"key": "y_train", "n": 20, "shape": (19,)}),
    "rows that aren't one-hot": ({"y_train": np.full((20, 3), 1 / 3)}, {"key": "y_train", "columns": 3}),
    "two labels in a row": ({"y_train": np.ones((20, 3))}, {"key": "y_train", "columns": 3}),
    "cubes of labels": ({"y_train": np.zeros((20, 3, 3))}, {"key": "y_train", "n": 20, "shape": (20, 3, 3)}),
    "words": ({"y_train": np.array(["a"] * 20)}, {"key": "y_train", "dtype": "<U1"}),
    "halves": ({"y_train": np.arange(20) / 2}, {"key": "y_train", "low": 0, "high": 9.5, "most": 99}),
    "negative label": ({"y_train": np.arange(20) - 1}, {"key": "y_train", "low": -1, "high": 18, "most": 99}),
    "nan label": ({"y_train": np.full(20, np.nan)}, {"key": "y_train", "most": 99}),
    "101 classes": ({"y_train": np.full(20, 100)}, {"key": "y_train", "high": 100, "most": 99}),
    "one class": ({"y_train": np.zeros(20, int), "y_test": np.zeros(6, int)}, {"low": 2, "high": 100, "n": 1}),
    "nan": ({"x_train": _with_nan()}, {"key": "x_train"}),
    "infinity": ({"x_test": np.full((6, 9, 8), np.inf)}, {"key": "x_test"}),
    "below": ({"x_train": np.full((20, 9, 8), -0.5)}, {"key": "x_train", "low": -0.5}),
    "above": ({"x_train": np.full((20, 9, 8), 256)}, {"key": "x_train", "high": 256}),
    "complex": ({"x_train": np.zeros((20, 9, 8), complex)}, {"key": "x_train", "dtype": "complex128"}),
    "two ranges": (
        {"x_train": np.full((20, 9, 8), 0.5)},
        {"odd": "x_train", "odd_high": 0.5, "odd_type": "float64", "other_type": "uint8"},
    ),
    "objects": ({"x_train": np.array([None] * 20)}, {}),
    "few names": ({"class_names": np.array(["a", "b"])}, {"n": 2, "expected": 3}),
    "long name": ({"class_names": np.array(["a", "b", "c" * 41])}, {"name": "c" * 40, "most": 40}),
    "blank name": ({"class_names": np.array(["a", " ", "c"])}, {"name": "", "most": 40}),
    "same name": ({"class_names": np.array(["a", "b", "a"])}, {"name": "a", "most": 40}),
    "numbers for names": ({"class_names": np.arange(3)}, {}),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_file_with_another_layout_is_rejected(save_own, case):
    changes, values = REJECTED[case]
    save_own(layout() | changes)
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    check_message(caught.value, file="own.npz", **values)
    if len(values) < 2:  # a message that mentions nothing else
        assert caught.value.values.keys() == values.keys() | {"file"}


@pytest.mark.parametrize("key", npz.KEYS)
def test_a_missing_array_is_named(save_own, key):
    save_own({name: array for name, array in layout().items() if name != key})
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    check_message(caught.value, file="own.npz", key=key)


@pytest.mark.parametrize("spoil", [lambda c: b"hello", lambda c: b"", lambda c: c[:-30], lambda c: b"?" + c[1:]])
def test_an_incomplete_archive_is_rejected(save_own, spoil):
    save_own(spoil(npz_bytes(layout())))
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    check_message(caught.value, file="own.npz")


def test_more_than_2_gb_is_rejected_without_reading(save_own, tmp_path, monkeypatch):
    save_own(layout())
    monkeypatch.setattr(npz, "MAX_BYTES", 2000)  # the file is larger
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    check_message(caught.value, file="own.npz", limit=2e-6)
    assert caught.value.values["size"] > 2e-6
    save_own(layout() | {key: np.zeros((6, 99, 99), np.uint8) for key in ("x_train", "x_test")})
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    check_message(caught.value, file="own.npz", limit=2e-6)
    assert caught.value.values["unpacked"] > 2e-6
    monkeypatch.undo()
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    with (tmp_path / "huge.npz").open("wb") as file:
        file.truncate(2 * 1024**3 + 1)
    with pytest.raises(DataError) as caught:
        catalog.load("huge")
    check_message(caught.value, file="huge.npz")
    assert caught.value.values["size"] == pytest.approx(2.147, abs=0.001)


WHOLE = npz_bytes(layout() | {"class_names": np.array(["a", "b", "c"])})
PLACES = st.integers(0, len(WHOLE) - 1)


@given(flips=st.dictionaries(PLACES, st.integers(1, 255), max_size=8), end=st.none() | PLACES)
@settings(max_examples=200, deadline=None, database=None)
def test_a_damaged_file_gives_a_sound_dataset_or_a_data_error(tmp_path_factory, flips, end):
    content = bytearray(WHOLE)
    for place, bits in flips.items():
        content[place] ^= bits
    folder = tmp_path_factory.getbasetemp()
    (folder / "damaged.npz").write_bytes(content[:end])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_LAB_DATA", str(folder))
        try:
            assert_sound(catalog.load("damaged"))
        except DataError as error:
            check_message(error, file="damaged.npz")


IDX = struct.pack(">HBB3I", 0, 8, 3, 2, 9, 8) + bytes(range(144))
packed = partial(gzip.compress, mtime=0)  # the same names of tests in every process


def test_an_idx_file_has_the_shape_of_its_header(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(IDX))
    assert np.array_equal(formats.read_idx(tmp_path / "a.gz"), np.arange(144).reshape(2, 9, 8))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", IDX, packed(IDX)[:-9], packed(b""), packed(IDX[:-1])),
        *(packed(IDX + b"0"), packed(IDX[:9]), packed(b"\0\0\x0d" + IDX[3:])),
        packed(struct.pack(">HBB4I", 0, 8, 4, *[2**16] * 4)),  # 2 to the 64th pixels, 0 in 64 bits
    ],
)
def test_an_idx_file_with_a_wrong_header_is_rejected(tmp_path, content):
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(DataError) as caught:
        formats.read_idx(tmp_path / "a.gz")
    check_message(caught.value, file="a.gz")


@pytest.fixture
def cifar_batches(tmp_path, monkeypatch):
    """Put six batches of 4 images into Keras's cache, in Python 2's format; return pixels and labels."""
    monkeypatch.setattr(formats, "CIFAR_IMAGES_PER_BATCH", 4)
    folder = tmp_path / "HOME/.keras/datasets/cifar-10-batches-py-target/cifar-10-batches-py"
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(1).integers(0, 256, (6, 4, 3072), dtype=np.uint8)
    labels = np.arange(24).reshape(6, 4) % 10
    for number, name in enumerate(formats.CIFAR_BATCHES):
        (folder / name).write_bytes(python_2_pickle(pixels[number], labels[number].tolist()))
    return folder, pixels, labels


def test_cifar_10_is_read_from_keras_pickles(cifar_batches):
    _, pixels, labels = cifar_batches
    dataset = catalog.load("cifar-10")
    assert_sound(dataset)
    assert dataset.x_train.shape == (20, 32, 32, 3)
    # Image 6, green, row 2, column 5: channel by channel, row by row.
    assert dataset.x_train[6, 2, 5, 1] == pixels[1, 2, 1024 + 2 * 32 + 5]
    assert np.array_equal(dataset.y_test, labels[5])


def test_a_pickle_that_would_run_code_is_skipped(cifar_batches, tmp_path):
    folder, _, _ = cifar_batches
    trap = tmp_path / "trap"
    (folder / "data_batch_3").write_bytes(b"cos\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR.")
    with pytest.raises(DataError) as caught:
        formats.read_cifar_pickles(folder)
    check_message(caught.value, file="data_batch_3")
    assert "os.system" in caught.value.values["error"]
    with pytest.raises(DataError) as caught:
        catalog.load("cifar-10")
    check_message(caught.value, title="CIFAR-10", host="127.0.0.1")
    assert not trap.exists()


def test_cifar_10_is_read_from_its_binary_archive(serve, monkeypatch):
    monkeypatch.setattr(formats, "CIFAR_IMAGES_PER_BATCH", 4)
    records = np.random.default_rng(2).integers(0, 10, (6, 4, 3073), dtype=np.uint8)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for batch, name in zip(records, formats.CIFAR_BATCHES, strict=True):
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = batch.size
            archive.addfile(member, io.BytesIO(batch.tobytes()))
    serve("cifar-10", {"cifar-10-binary.tar.gz": packed.getvalue()})
    dataset = catalog.load("cifar-10")
    assert_sound(dataset)
    assert np.array_equal(dataset.y_train, records[:5, :, 0].ravel())
    assert dataset.x_test[3, 31, 0, 2] == records[5, 3, 1 + 2048 + 31 * 32]


def test_uci_digits_are_the_real_ones_enlarged():
    from sklearn.datasets import load_digits

    dataset = catalog.load("uci-digits")
    assert_sound(dataset)
    assert dataset.x_train.shape == (1437, 28, 28, 1)
    assert dataset.x_test.shape == (360, 28, 28, 1)
    images = np.concatenate([dataset.x_train, dataset.x_test])[..., 0]
    assert images.max() == 255
    assert images.sum() == images[:, 4:24, 4:24].sum()
    small = [np.asarray(Image.fromarray(image[4:24, 4:24]).resize((8, 8), Image.Resampling.BOX)) for image in images]
    small = np.array(small, float).reshape(1797, 64)
    originals, labels = load_digits(return_X_y=True)
    alike = np.corrcoef(small, originals)[:1797, 1797:]
    assert alike.max(axis=1).min() > 0.95
    nearest = alike.argmax(axis=1)
    assert len(set(nearest)) > 1780  # a few originals are twins
    assert np.array_equal(labels[nearest], np.concatenate([dataset.y_train, dataset.y_test]))


def test_the_split_of_uci_digits_is_even_and_constant():
    dataset = catalog.load("uci-digits")
    assert set(np.bincount(dataset.y_test)) <= {34, 35, 36, 37}
    assert catalog.load("uci-digits").fingerprint == dataset.fingerprint
