"""Small datasets made by hand, and the files that contain them."""

import gzip
import io
import struct

import numpy as np

from model.data import formats


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
    return gzip.compress(header + array.tobytes(), mtime=0)  # the same bytes at any time


def fashion_files(arrays):
    keys = ("x_train", "y_train", "x_test", "y_test")
    return {file: idx_gz(arrays[key]) for file, key in zip(formats.FASHION_FILES, keys, strict=True)}


def python_2_pickle(pixels, labels):
    """Write a CIFAR-10 batch like Python 2, opcode by opcode."""
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
