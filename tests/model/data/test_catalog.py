"""The known datasets, where they are found, and what loading them returns."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from model.data import catalog
from model.errors import DataError
from tests.model.data.samples import assert_sound, digits, fashion_files, layout, npz_bytes
from tests.support import PROJECT, check_message

SHARED = Path(os.environ.get("DIGIT_LAB_TEST_DATA", PROJECT.parent / "shared" / "data"))
pytestmark = pytest.mark.usefixtures("isolated")


def test_importing_data_imports_no_heavy_library():
    heavy = "tensorflow", "keras", "streamlit", "sklearn", "pooch", "requests", "PIL"
    code = f"import sys, model.data.catalog; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_datasets_are_listed_in_order_without_reading_images(save_own):
    archive = io.BytesIO()
    zipfile.ZipFile(archive, "w").close()
    for name in ("zebra", "ants 2.0", "~name", "mnist", "cifar10"):
        save_own(archive.getvalue(), name)
    listed = catalog.available()
    assert [status.name for status in listed] == [
        *("mnist", "fashion-mnist", "cifar-10", "uci-digits"),
        *("ants 2.0", "zebra"),
    ]
    assert [status.here for status in listed] == [True, False, True, True, True, True]
    assert [status.title for status in listed[:4]] == ["MNIST", "Fashion-MNIST", "CIFAR-10", "UCI digits"]


@pytest.mark.parametrize("name", ["mnist", "own"])
@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_cut_file_is_damaged_instead_of_available(save_own, name, length):
    save_own(npz_bytes(digits())[:length], name)
    status = catalog.status(name)
    assert status.damaged
    assert not status.here
    assert status.where.values == {"file": f"{name}.npz"}
    with pytest.raises(DataError) as caught:
        catalog.load(name)
    assert caught.value.values["file"] == f"{name}.npz"


@pytest.mark.parametrize("folder", [".keras/datasets", "DIGIT_LAB_CACHE/mnist"])
def test_a_cut_download_is_not_available(serve, tmp_path, monkeypatch, folder):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / ".keras"))
    serve("mnist", {"mnist.npz": npz_bytes(digits())})
    (tmp_path / folder).mkdir(parents=True)
    file = tmp_path / folder / "mnist.npz"
    file.write_bytes(npz_bytes(digits()))
    assert catalog.status("mnist").here
    file.write_bytes(npz_bytes(digits())[:-1])
    status = catalog.status("mnist")
    assert (status.here, status.damaged) == (False, False)
    assert_sound(catalog.load("mnist"))  # from the server


def test_a_data_folder_that_does_not_exist_is_named(tmp_path, monkeypatch):
    assert catalog.missing_folder() is None
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path / "nowhere"))
    assert catalog.missing_folder() == tmp_path / "nowhere"
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    check_message(caught.value, name="own", folder=str(tmp_path / "nowhere"))
    assert catalog.load("uci-digits").name == "uci-digits"


def test_a_missing_dataset_shows_its_download():
    status = catalog.status("fashion-mnist")
    assert not status.here
    assert 30e6 < status.download_bytes < 32e6
    assert status.where.values == {"host": "127.0.0.1"}


def test_downloads_and_class_names_are_the_original_ones():
    # The fixture has changed the addresses, so this needs a new interpreter.
    code = "from model.data.catalog import BUILTINS; print([r.url for b in BUILTINS.values() for r in b.remotes])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "'https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz'" in ran.stdout
    assert "'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'" in ran.stdout
    assert catalog.BUILTINS["fashion-mnist"].class_names[9] == "Ankle boot"
    assert catalog.BUILTINS["cifar-10"].class_names[1] == "automobile"
    assert all(len(builtin.class_names) == 10 for builtin in catalog.BUILTINS.values())


def test_clothes_may_be_flipped_and_digits_may_not():
    names = "mnist", "uci-digits", "fashion-mnist", "cifar-10", "cifar10", "somebody's own"
    assert [catalog.may_flip(name) for name in names] == [False, False, True, True, True, True]


@pytest.mark.parametrize(
    "name", ["../mnist", "a/b", "a\\b", "..", "a..b", "", " a", "a\n", "~a", "a:b", "a\u202eb", "x" * 101, None, 7]
)
def test_a_name_that_could_be_a_path_is_rejected(name):
    with pytest.raises(DataError) as caught:
        catalog.load(name)
    check_message(caught.value, value=str(name), known="mnist, fashion-mnist, cifar-10, uci-digits")


def test_an_unknown_name_is_rejected_with_the_known_ones(save_own):
    save_own(layout(), "shapes")
    with pytest.raises(DataError) as caught:
        catalog.status("forms")
    check_message(caught.value, name="forms", known="mnist, fashion-mnist, cifar-10, uci-digits, shapes")


@pytest.mark.parametrize("folder", ["", "no/such/folder", "~nobody/data"])
def test_without_a_data_folder_only_built_in_ones_are_listed(monkeypatch, folder):
    monkeypatch.setenv("DIGIT_LAB_DATA", folder)
    assert [status.here for status in catalog.available()] == [False, False, False, True]


def test_the_shared_arrays_are_read_only(save_own):
    save_own(layout())
    with pytest.raises(ValueError, match="read-only"):
        catalog.load("own").x_train[0] = 0


def test_the_repr_of_a_dataset_is_one_line(save_own):
    save_own(layout())
    dataset = catalog.load("own")
    assert "x_train=uint8[20, 9, 8, 1]" in repr(dataset)
    assert "\n" not in repr(dataset)


def test_the_fingerprint_depends_on_pixels_not_on_packing(save_own, tmp_path):
    arrays = layout()
    save_own(arrays)
    first = catalog.load("own").fingerprint
    np.savez(tmp_path / "DIGIT_LAB_DATA" / "own.npz", **arrays)
    assert catalog.load("own").fingerprint == first
    assert len(first) == 16
    assert set(first) <= set("0123456789abcdef")
    arrays["x_test"][-1, -1, -1] ^= 1
    save_own(arrays)
    assert catalog.load("own").fingerprint != first


def test_a_subset_of_a_built_in_dataset_is_marked_as_one(save_own):
    save_own(layout(n=30, n_test=10, shape=(32, 32, 3), n_classes=10), "cifar10")
    dataset = catalog.load("cifar10")
    assert dataset.name == "cifar-10"
    assert dataset.class_names[0] == "airplane"
    assert "30 of 50,000" in dataset.source


@pytest.mark.parametrize("changes", [{"shape": (32, 32)}, {"n_classes": 9}, {"shape": (28, 28, 3)}])
def test_other_images_under_a_built_in_name_are_rejected(save_own, changes):
    save_own(layout(**{"n": 30, "n_test": 10, "shape": (28, 28), "n_classes": 10} | changes), "mnist")
    with pytest.raises(DataError) as caught:
        catalog.load("mnist")
    check_message(caught.value, file="mnist.npz", expected=10, n=changes.get("n_classes", 10))


@pytest.mark.parametrize("variable", ["HOME", "KERAS_HOME"])
def test_fashion_mnist_is_read_from_keras_cache(serve, tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, str(tmp_path))
    arrays = digits()
    server = serve("fashion-mnist", fashion_files(arrays))
    folder = tmp_path / (".keras" if variable == "HOME" else ".") / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file, content in fashion_files(arrays).items():
        (folder / file).write_bytes(content)
    assert catalog.status("fashion-mnist").where == catalog.IN_KERAS_CACHE
    dataset = catalog.load("fashion-mnist")
    assert_sound(dataset)
    assert np.array_equal(dataset.x_train[..., 0], arrays["x_train"])
    assert np.array_equal(dataset.y_test, arrays["y_test"])
    assert dataset.source == str(catalog.IN_KERAS_CACHE)
    assert server.requests == []


def test_a_damaged_file_in_keras_cache_is_skipped(serve, tmp_path):
    serve("mnist", {"mnist.npz": npz_bytes(digits())})
    folder = tmp_path / "HOME" / ".keras" / "datasets"
    folder.mkdir(parents=True)
    (folder / "mnist.npz").write_bytes(npz_bytes(digits())[:-1])
    assert catalog.load("mnist").source.startswith("127.0.0.1")


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "mnist.npz").is_file(), reason="shared/data/mnist.npz is absent")
def test_the_real_mnist_is_loaded_unchanged(monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_DATA", str(SHARED))
    dataset = catalog.load("mnist")
    with np.load(SHARED / "mnist.npz") as expected:
        assert np.array_equal(dataset.x_train, expected["x_train"].reshape(60000, 28, 28, 1))
        assert np.array_equal(dataset.y_train, expected["y_train"])
        assert np.array_equal(dataset.x_test, expected["x_test"].reshape(10000, 28, 28, 1))
        assert np.array_equal(dataset.y_test, expected["y_test"])
    assert dataset.source.startswith("mnist.npz")


@pytest.mark.skipif(not (SHARED / "cifar10.npz").is_file(), reason="shared/data/cifar10.npz is absent")
def test_a_subset_of_cifar_10_is_found_under_its_alias(monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_DATA", str(SHARED))
    dataset = catalog.load("cifar-10")
    assert dataset.x_train.shape == (5000, 32, 32, 3)
    assert "5,000 of 50,000" in dataset.source
    assert [status.name for status in catalog.available()] == ["mnist", "fashion-mnist", "cifar-10", "uci-digits"]
