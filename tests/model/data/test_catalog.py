import gzip
import hashlib
import io
import os
import struct
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from model.data import catalog, download, formats
from model.errors import DataError
from tests.support import PROJECT

SHARED = Path(os.environ.get("DIGIT_LAB_TEST_DATA", PROJECT.parent / "shared" / "data"))


# Hand-made parts


def layout(n=20, n_test=6, shape=(9, 8), n_classes=3):
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (n, *shape), dtype=np.uint8),
        "y_train": (np.arange(n) % n_classes).astype(np.uint8),
        "x_test": random.integers(0, 256, (n_test, *shape), dtype=np.uint8),
        "y_test": (np.arange(n_test) % n_classes).astype(np.uint8),
    }


def digits(**changes):
    return layout(n=30, n_test=10, shape=(28, 28), n_classes=10) | changes


def npz_bytes(arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def idx_gz(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes())


def fashion_files(arrays):
    keys = ("x_train", "y_train", "x_test", "y_test")
    return {file: idx_gz(arrays[key]) for file, key in zip(formats.FASHION_FILES, keys, strict=True)}


def python_2_pickle(pixels, labels):
    """Spell out, opcode by opcode, what Python 2 wrote into CIFAR-10's batches."""
    raw = pixels.tobytes()
    return b"".join(
        [
            b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR",
            b"(K\x01M" + struct.pack("<H", pixels.shape[0]) + b"M\x00\x0c\x86",
            b"cnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
            b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb",
            b"U\x06labels](" + b"".join(b"K" + bytes([label]) for label in labels) + b"eu.",
        ]
    )


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Give each test empty folders, and addresses at which nobody listens."""
    for variable in ("HOME", "DIGIT_LAB_CACHE", "DIGIT_LAB_DATA"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    for name, builtin in catalog.BUILTINS.items():
        nowhere = tuple(replace(each, url=f"http://127.0.0.1:9/{each.file}") for each in builtin.remotes)
        monkeypatch.setitem(catalog.BUILTINS, name, replace(builtin, remotes=nowhere))


@pytest.fixture
def own(tmp_path):
    """Write `own.npz`, or another file, into DIGIT_LAB_DATA."""

    def write(arrays, name="own"):
        content = arrays if isinstance(arrays, bytes) else npz_bytes(arrays)
        (tmp_path / "DIGIT_LAB_DATA" / f"{name}.npz").write_bytes(content)

    return write


class Server(ThreadingHTTPServer):
    """Sends `files[path]` as it is, or in the way that `manner` asks for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.manner, self.requests, self.over = {}, "good", [], threading.Event()


class Answer(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.begin()

    def do_GET(self):
        content = self.begin()
        if self.server.manner == "cut":
            content = content[: len(content) // 2]
        if self.server.manner != "slow":
            self.wfile.write(content)
            return
        try:
            for byte in content:
                self.wfile.write(bytes([byte]))
                if self.server.over.wait(0.05):
                    return
        except ConnectionError:
            pass  # the client has had enough, as it should

    def begin(self):
        self.server.requests.append(self.path)
        content = self.server.files.get(self.path.strip("/"))
        if self.server.manner == "silent":
            self.server.over.wait(30)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        return content or b""


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def offered(server, monkeypatch):
    """Register files under a built-in's name with their hashes, and let the server have them."""

    def offer(name, files, **changes):
        server.files |= files
        base = f"http://127.0.0.1:{server.server_port}/"
        remotes = tuple(
            download.Remote(base + file, hashlib.sha256(content).hexdigest(), len(content))
            for file, content in files.items()
        )
        monkeypatch.setitem(catalog.BUILTINS, name, replace(catalog.BUILTINS[name], remotes=remotes, **changes))
        return server

    return offer


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def assert_sound(dataset):
    assert dataset.x_train.dtype == dataset.x_test.dtype == np.uint8
    assert dataset.y_train.dtype == dataset.y_test.dtype == np.int64
    assert dataset.x_train.ndim == dataset.x_test.ndim == 4
    assert dataset.x_train.shape[1:] == dataset.x_test.shape[1:]
    for x, y in ((dataset.x_train, dataset.y_train), (dataset.x_test, dataset.y_test)):
        assert len(x) == len(y) > 0
        assert 0 <= y.min() <= y.max() < len(dataset.class_names) <= 100


# What there is


def test_importing_data_brings_no_heavy_library():
    heavy = "tensorflow", "keras", "streamlit", "sklearn", "pooch", "requests", "PIL"
    code = f"import sys, model.data.catalog; print([each for each in {heavy} if each in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_datasets_are_listed_in_order_without_being_opened(own):
    for name in ("zebra", "ants 2.0", "bad~name", "mnist", "cifar10"):
        own(b"no archive at all", name)
    listed = catalog.available()
    assert [each.name for each in listed] == [
        *("mnist", "fashion-mnist", "cifar-10", "uci-digits"),
        *("ants 2.0", "zebra"),
    ]
    assert [each.here for each in listed] == [True, False, True, True, True, True]
    assert [each.title for each in listed[:4]] == ["MNIST", "Fashion-MNIST", "CIFAR-10", "UCI digits"]


def test_a_dataset_that_is_not_here_says_what_it_would_download():
    status = catalog.status("fashion-mnist")
    assert not status.here
    assert 30e6 < status.download_bytes < 32e6
    assert "downloaded from" in status.where


def test_addresses_and_class_names_are_those_of_the_originals():
    # The fixture has moved the addresses, so a fresh interpreter is asked.
    code = "from model.data.catalog import BUILTINS; print([r.url for b in BUILTINS.values() for r in b.remotes])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "'https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz'" in ran.stdout
    assert "'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'" in ran.stdout
    assert catalog.BUILTINS["fashion-mnist"].class_names[9] == "Ankle boot"
    assert catalog.BUILTINS["cifar-10"].class_names[1] == "automobile"
    assert all(len(builtin.class_names) == 10 for builtin in catalog.BUILTINS.values())


def test_clothes_may_be_mirrored_and_digits_may_not():
    names = "mnist", "uci-digits", "fashion-mnist", "cifar-10", "cifar10", "somebody's own"
    assert [catalog.may_flip(name) for name in names] == [False, False, True, True, True, True]


@pytest.mark.parametrize("name", ["../mnist", "a/b", "a\\b", "..", "a..b", "", " a", "a\n", "ä", "x" * 62, None, 7])
def test_a_name_that_could_lead_elsewhere_is_refused(name):
    with pytest.raises(DataError, match=r"name came as .*known are mnist, fashion-mnist, cifar-10, uci-digits"):
        catalog.load(name)


def test_an_unknown_name_is_answered_with_the_known_ones(own):
    own(layout(), "shapes")
    with pytest.raises(DataError, match=r"no dataset called 'forms'; known are mnist, .*, shapes: .*forms\.npz"):
        catalog.status("forms")


@pytest.mark.parametrize("folder", ["", "no/such/folder", "~nobody/data"])
def test_without_a_folder_of_own_data_the_built_in_ones_remain(monkeypatch, folder):
    monkeypatch.setenv("DIGIT_LAB_DATA", folder)
    assert [each.here for each in catalog.available()] == [False, False, False, True]


# People's own files


def test_an_own_file_is_read_as_it_was_written(own):
    arrays = layout()
    own(arrays | {"y_train": arrays["y_train"][:, np.newaxis]})
    dataset = catalog.load("own")
    assert_sound(dataset)
    assert np.array_equal(dataset.x_train, arrays["x_train"][..., np.newaxis])
    assert np.array_equal(dataset.y_train, arrays["y_train"])
    assert np.array_equal(dataset.x_test[..., 0], arrays["x_test"])
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.source == "own.npz in the folder named by DIGIT_LAB_DATA"


def test_nobody_can_change_the_shared_arrays(own):
    own(layout())
    with pytest.raises(ValueError, match="read-only"):
        catalog.load("own").x_train[0] = 0


def test_the_fingerprint_depends_on_pixels_not_on_packing(own, tmp_path):
    arrays = layout()
    own(arrays)
    first = catalog.load("own").fingerprint
    np.savez(tmp_path / "DIGIT_LAB_DATA" / "own.npz", **arrays)
    assert catalog.load("own").fingerprint == first
    assert len(first) == 16
    assert set(first) <= set("0123456789abcdef")
    arrays["x_test"][-1, -1, -1] ^= 1
    own(arrays)
    assert catalog.load("own").fingerprint != first


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4"])
def test_floats_from_0_to_1_are_scaled_to_255(own, kind):
    arrays = layout()
    own(arrays | {key: (arrays[key] / 255).astype(kind) for key in ("x_train", "x_test")})
    difference = catalog.load("own").x_train[..., 0].astype(int) - arrays["x_train"]
    assert np.abs(difference).max() == 0


@pytest.mark.parametrize("kind", [np.int16, np.uint64, np.float32, ">i4"])
def test_numbers_from_0_to_255_stay_what_they_are(own, kind):
    arrays = layout()
    own(arrays | {key: arrays[key].astype(kind) for key in ("x_train", "x_test")})
    assert np.array_equal(catalog.load("own").x_train[..., 0], arrays["x_train"])


def test_colour_black_images_and_whole_float_labels_are_valid(own):
    arrays = layout(shape=(8, 256, 3))
    own(arrays | {"x_test": np.zeros((6, 8, 256, 3), np.float32), "y_train": arrays["y_train"].astype(float)})
    dataset = catalog.load("own")
    assert_sound(dataset)
    assert np.array_equal(dataset.x_train, arrays["x_train"])
    assert dataset.x_test.max() == 0


def test_own_class_names_are_kept(own):
    own(layout() | {"class_names": np.array(["circle", "square", "Dreieck, schräg"])})
    assert catalog.load("own").class_names == ("circle", "square", "Dreieck, schräg")


def _with_nan():
    images = layout()["x_train"].astype(np.float32)
    images[3, 4, 5] = np.nan
    return images


REFUSED = {
    "flat": ({"x_train": np.zeros((20, 72))}, r"x_train with the shape \(20, 72\)"),
    "alpha": ({"x_train": np.zeros((20, 9, 8, 4), np.uint8)}, "1 channel"),
    "small": ({"x_train": np.zeros((20, 7, 8), np.uint8)}, "8 to 256 pixels"),
    "large": ({"x_train": np.zeros((20, 9, 257), np.uint8)}, "8 to 256 pixels"),
    "empty": ({"x_test": np.zeros((0, 9, 8), np.uint8), "y_test": np.zeros(0, int)}, "at least one image"),
    "sizes": ({"x_test": np.zeros((6, 8, 9), np.uint8)}, "9x8x1 and test images of 8x9x1"),
    "lengths": ({"y_train": np.zeros(19, int)}, r"shape \(19,\) beside 20 images"),
    "one-hot": ({"y_train": np.eye(20)}, r"shape \(20, 20\)"),
    "words": ({"y_train": np.array(["a"] * 20)}, "of the type <U1"),
    "halves": ({"y_train": np.arange(20) / 2}, "from 0 to 9.5"),
    "negative label": ({"y_train": np.arange(20) - 1}, "from -1 to 18"),
    "nan label": ({"y_train": np.full(20, np.nan)}, "from nan"),
    "101 classes": ({"y_train": np.full(20, 100)}, "to 100"),
    "one class": ({"y_train": np.zeros(20, int), "y_test": np.zeros(6, int)}, "one class"),
    "nan": ({"x_train": _with_nan()}, "NaN or infinity in x_train"),
    "infinity": ({"x_test": np.full((6, 9, 8), np.inf)}, "NaN or infinity in x_test"),
    "below": ({"x_train": np.full((20, 9, 8), -0.5)}, "from -0.5 to -0.5"),
    "above": ({"x_train": np.full((20, 9, 8), 256)}, "from 256 to 256"),
    "complex": ({"x_train": np.zeros((20, 9, 8), complex)}, "of the type complex128"),
    "two ranges": ({"x_train": np.full((20, 9, 8), 0.5)}, "x_train up to 0.5 .* x_test up to 25"),
    "objects": ({"x_train": np.array([None] * 20)}, "Python objects"),
    "few names": ({"class_names": np.array(["a", "b"])}, "2 names for labels from 0 to 2"),
    "long name": ({"class_names": np.array(["a", "b", "c" * 41])}, "1 to 40 characters"),
    "blank name": ({"class_names": np.array(["a", " ", "c"])}, "1 to 40 characters"),
    "same name": ({"class_names": np.array(["a", "b", "a"])}, "different"),
    "numbers for names": ({"class_names": np.arange(3)}, "list of strings"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_with_another_layout_is_refused_in_a_sentence(own, case):
    changes, words = REFUSED[case]
    own(layout() | changes)
    with pytest.raises(DataError, match=words) as caught:
        catalog.load("own")
    message = str(caught.value)
    assert message.startswith("own.npz")
    assert "expected" in message
    assert ": " in message  # what to do
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize("key", formats.KEYS)
def test_a_missing_array_is_named(own, key):
    own({name: array for name, array in layout().items() if name != key})
    with pytest.raises(DataError, match=f"own.npz has no array {key}"):
        catalog.load("own")


@pytest.mark.parametrize("spoil", [lambda c: b"hello", lambda c: b"", lambda c: c[:-30], lambda c: b"?" + c[1:]])
def test_an_incomplete_archive_is_refused(own, spoil):
    own(spoil(npz_bytes(layout())))
    with pytest.raises(DataError, match=r"own\.npz is (no complete|damaged).*numpy\.savez"):
        catalog.load("own")


def test_more_than_2_gb_is_refused_without_reading(own, tmp_path, monkeypatch):
    own(layout())
    monkeypatch.setattr(formats, "MAX_BYTES", 2000)  # the file has more than that
    with pytest.raises(DataError, match="large; expected at most"):
        catalog.load("own")
    own(layout() | {key: np.zeros((6, 99, 99), np.uint8) for key in ("x_train", "x_test")})
    with pytest.raises(DataError, match="unpacks to"):
        catalog.load("own")
    monkeypatch.undo()
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    with (tmp_path / "huge.npz").open("wb") as file:
        file.truncate(2 * 1024**3 + 1)
    with pytest.raises(DataError, match="huge.npz is 2.1 GB large"):
        catalog.load("huge")


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
            assert str(error).startswith("damaged.npz")


# Built-in names in the person's own folder


def test_a_part_of_a_built_in_dataset_is_loaded_and_named_a_part(own):
    own(layout(n=30, n_test=10, shape=(32, 32, 3), n_classes=10), "cifar10")
    dataset = catalog.load("cifar10")
    assert dataset.name == "cifar-10"
    assert dataset.class_names[0] == "airplane"
    assert dataset.source.endswith("a part: 30 of 50,000 training images")


@pytest.mark.parametrize("changes", [{"shape": (32, 32)}, {"n_classes": 9}, {"shape": (28, 28, 3)}])
def test_a_file_that_only_carries_a_built_in_name_is_refused(own, changes):
    own(layout(**{"n": 30, "n_test": 10, "shape": (28, 28), "n_classes": 10} | changes), "mnist")
    with pytest.raises(DataError, match="mnist.npz holds .* rename the file"):
        catalog.load("mnist")


# Keras's cache


@pytest.mark.parametrize("variable", ["HOME", "KERAS_HOME"])
def test_fashion_mnist_is_read_from_keras_cache(offered, tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, str(tmp_path))
    arrays = digits()
    server = offered("fashion-mnist", fashion_files(arrays))
    folder = tmp_path / (".keras" if variable == "HOME" else ".") / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file, content in fashion_files(arrays).items():
        (folder / file).write_bytes(content)
    assert catalog.status("fashion-mnist").where == "Keras's cache"
    dataset = catalog.load("fashion-mnist")
    assert_sound(dataset)
    assert np.array_equal(dataset.x_train[..., 0], arrays["x_train"])
    assert np.array_equal(dataset.y_test, arrays["y_test"])
    assert dataset.source == "Keras's cache"
    assert server.requests == []


def test_a_damaged_file_in_keras_cache_is_skipped(offered, tmp_path):
    offered("mnist", {"mnist.npz": npz_bytes(digits())})
    folder = tmp_path / "HOME" / ".keras" / "datasets"
    folder.mkdir(parents=True)
    (folder / "mnist.npz").write_bytes(npz_bytes(digits())[:-1])
    assert catalog.load("mnist").source == "127.0.0.1, checked by SHA-256"


IDX = struct.pack(">HBB3I", 0, 8, 3, 2, 9, 8) + bytes(range(144))


def test_an_idx_file_has_the_shape_of_its_header(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(IDX))
    assert np.array_equal(formats.read_idx(tmp_path / "a.gz"), np.arange(144).reshape(2, 9, 8))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", IDX, gzip.compress(IDX)[:-9], gzip.compress(b""), gzip.compress(IDX[:-1])),
        *(gzip.compress(IDX + b"0"), gzip.compress(IDX[:9]), gzip.compress(b"\0\0\x0d" + IDX[3:])),
        gzip.compress(struct.pack(">HBB4I", 0, 8, 4, *[2**16] * 4)),  # 2 to the 64th pixels, 0 in 64 bits
    ],
)
def test_an_idx_file_with_a_wrong_header_is_refused(tmp_path, content):
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"^a\.gz .*fetch it again\.$"):
        formats.read_idx(tmp_path / "a.gz")


@pytest.fixture
def cifar_batches(tmp_path, monkeypatch):
    """Put six batches of 4 images into Keras's cache, written as Python 2 did; return pixels and labels."""
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
    # Image 6, green, row 2, column 5: channel after channel, row after row.
    assert dataset.x_train[6, 2, 5, 1] == pixels[1, 2, 1024 + 2 * 32 + 5]
    assert np.array_equal(dataset.y_test, labels[5])


def test_a_pickle_that_would_run_code_is_skipped(cifar_batches, tmp_path):
    folder, _, _ = cifar_batches
    trap = tmp_path / "trap"
    (folder / "data_batch_3").write_bytes(b"cos\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR.")
    with pytest.raises(DataError, match=r"data_batch_3 .*\(it asks for os\.system\)"):
        formats.read_cifar_pickles(folder)
    with pytest.raises(DataError, match="no connection"):
        catalog.load("cifar-10")
    assert not trap.exists()


# Downloads


def test_a_download_is_verified_reported_and_kept(offered, tmp_path):
    arrays, reports = digits(), []
    server = offered("fashion-mnist", fashion_files(arrays))
    total = sum(len(content) for content in server.files.values())
    dataset = catalog.load("fashion-mnist", progress=lambda *report: reports.append(report))
    assert_sound(dataset)
    assert np.array_equal(dataset.x_test[..., 0], arrays["x_test"])
    assert reports == sorted(reports)
    assert reports[-1] == (total, total)
    assert len(files_below(tmp_path / "DIGIT_LAB_CACHE")) == 4
    assert catalog.status("fashion-mnist").where == "Digit Lab's download cache"
    assert catalog.load("fashion-mnist").fingerprint == dataset.fingerprint
    assert len(server.requests) == 4


def test_a_damaged_file_in_the_cache_is_downloaded_again(offered, tmp_path):
    server = offered("mnist", {"mnist.npz": npz_bytes(digits())})
    catalog.load("mnist")
    (tmp_path / "DIGIT_LAB_CACHE/mnist/mnist.npz").write_bytes(b"bad")
    assert_sound(catalog.load("mnist"))
    assert len(server.requests) == 2


def test_cifar_10_is_read_from_its_binary_archive(offered, monkeypatch):
    monkeypatch.setattr(formats, "CIFAR_IMAGES_PER_BATCH", 4)
    records = np.random.default_rng(2).integers(0, 10, (6, 4, 3073), dtype=np.uint8)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for batch, name in zip(records, formats.CIFAR_BATCHES, strict=True):
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = batch.size
            archive.addfile(member, io.BytesIO(batch.tobytes()))
    offered("cifar-10", {"cifar-10-binary.tar.gz": packed.getvalue()})
    dataset = catalog.load("cifar-10")
    assert_sound(dataset)
    assert np.array_equal(dataset.y_train, records[:5, :, 0].ravel())
    assert dataset.x_test[3, 31, 0, 2] == records[5, 3, 1 + 2048 + 31 * 32]


FAILURES = {
    "cut": ("cut", 5, r"the connection ended after [\d,]+ of [\d,]+ bytes"),
    "slow": ("slow", 0.6, r"it took longer than 0\.6 s \(\d+ of [\d,]+ bytes came\)"),
    "silent": ("silent", 0.4, r"the server fell silent for 0\.\d+ s after no bytes"),
    "wrong": ("wrong", 5, "14 bytes came that are not the expected file"),
    "missing": ("missing", 5, "the server answered 404"),
    "refused": ("refused", 5, "no connection"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failed_download_is_explained_and_leaves_nothing(offered, tmp_path, case):
    manner, limit, words = FAILURES[case]
    server = offered("mnist", {"mnist.npz": npz_bytes(digits())}, time_limit=limit)
    server.manner = manner
    if case == "wrong":
        server.files["mnist.npz"] = b"something else"
    if case == "missing":
        server.files.clear()
    if case == "refused":
        server.server_close()
    started = time.monotonic()
    with pytest.raises(DataError, match=words) as caught:
        catalog.load("mnist")
    assert time.monotonic() - started < 4
    assert str(caught.value).startswith("MNIST could not be downloaded from 127.0.0.1: ")
    assert str(caught.value).endswith(
        "Put mnist.npz into the folder named by DIGIT_LAB_DATA, or choose uci-digits, which needs no network."
    )
    assert files_below(tmp_path / "DIGIT_LAB_CACHE") == []


def test_a_cancelled_download_leaves_nothing_behind(offered, tmp_path):
    class CalledOff(Exception):
        pass

    def progress(done, total):
        raise CalledOff

    offered("mnist", {"mnist.npz": npz_bytes(digits())})
    with pytest.raises(CalledOff):
        catalog.load("mnist", progress)
    assert files_below(tmp_path / "DIGIT_LAB_CACHE") == []


def test_a_cache_that_cannot_be_written_is_named(offered, tmp_path, monkeypatch):
    offered("mnist", {"mnist.npz": npz_bytes(digits())})
    (tmp_path / "a file").touch()
    monkeypatch.setenv("DIGIT_LAB_CACHE", str(tmp_path / "a file"))
    with pytest.raises(DataError, match="a file/mnist can't be written"):
        catalog.load("mnist")


def test_a_download_prints_nothing(offered, capfd):
    offered("mnist", {"mnist.npz": npz_bytes(digits())})
    catalog.load("mnist")
    assert capfd.readouterr() == ("", "")


def test_only_a_server_that_answers_in_time_is_reachable(offered):
    server = offered("mnist", {"mnist.npz": b"anything"})
    assert catalog.reachable("mnist")
    assert not catalog.reachable("fashion-mnist")  # nobody listens there
    assert not catalog.reachable("uci-digits")
    assert not catalog.reachable("../etc")
    server.manner = "silent"
    started = time.monotonic()
    assert not catalog.reachable("mnist", timeout=0.3)
    assert time.monotonic() - started < 2


# Real data


def test_uci_digits_are_the_real_ones_enlarged():
    from sklearn.datasets import load_digits

    dataset = catalog.load("uci-digits")
    assert_sound(dataset)
    assert dataset.x_train.shape == (1437, 28, 28, 1)
    assert dataset.x_test.shape == (360, 28, 28, 1)
    images = np.concatenate([dataset.x_train, dataset.x_test])[..., 0]
    assert images.max() == 255
    assert images.sum() == images[:, 4:24, 4:24].sum()
    small = [np.asarray(Image.fromarray(each[4:24, 4:24]).resize((8, 8), Image.Resampling.BOX)) for each in images]
    small = np.array(small, float).reshape(1797, 64)
    originals, labels = load_digits(return_X_y=True)
    alike = np.corrcoef(small, originals)[:1797, 1797:]
    assert alike.max(axis=1).min() > 0.95
    found = alike.argmax(axis=1)
    assert len(set(found)) > 1780  # a few originals are twins
    assert np.array_equal(labels[found], np.concatenate([dataset.y_train, dataset.y_test]))


def test_uci_digits_are_split_evenly_and_always_the_same():
    dataset = catalog.load("uci-digits")
    assert set(np.bincount(dataset.y_test)) <= {34, 35, 36, 37}
    assert catalog.load("uci-digits").fingerprint == dataset.fingerprint


@pytest.mark.skipif(not (SHARED / "mnist.npz").is_file(), reason="shared/data/mnist.npz is absent")
def test_the_real_mnist_is_loaded_bit_by_bit(monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_DATA", str(SHARED))
    dataset = catalog.load("mnist")
    with np.load(SHARED / "mnist.npz") as expected:
        assert np.array_equal(dataset.x_train, expected["x_train"].reshape(60000, 28, 28, 1))
        assert np.array_equal(dataset.y_train, expected["y_train"])
        assert np.array_equal(dataset.x_test, expected["x_test"].reshape(10000, 28, 28, 1))
        assert np.array_equal(dataset.y_test, expected["y_test"])
    assert dataset.source == "mnist.npz in the folder named by DIGIT_LAB_DATA"


@pytest.mark.skipif(not (SHARED / "cifar10.npz").is_file(), reason="shared/data/cifar10.npz is absent")
def test_the_part_of_cifar_10_is_found_under_its_other_name(monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_DATA", str(SHARED))
    dataset = catalog.load("cifar-10")
    assert dataset.x_train.shape == (5000, 32, 32, 3)
    assert "a part: 5,000 of 50,000" in dataset.source
    assert [each.name for each in catalog.available()] == ["mnist", "fashion-mnist", "cifar-10", "uci-digits"]
