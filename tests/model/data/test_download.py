"""Downloads from a server on this machine that can be slow, silent or wrong."""

import time

import numpy as np
import pytest

from model.data import catalog
from model.errors import DataError
from tests.model.data.samples import assert_sound, digits, fashion_files, files_below, npz_bytes

pytestmark = pytest.mark.usefixtures("elsewhere")


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


FAILURES = {
    "cut": ("cut", 5, r"the connection ended after [\d,]+ of [\d,]+ bytes"),
    "slow": ("slow", 0.6, r"it took longer than 0\.6 s \(\d+ of [\d,]+ bytes came\)"),
    "silent": ("silent", 0.4, r"the server fell silent for 0\.\d+ s after no bytes"),
    "wrong": ("wrong", 5, "14 bytes came that are not the expected file"),
    "missing": ("missing", 5, "the server answered 404"),
    "refused": ("refused", 5, "no connection"),
}


@pytest.mark.slow
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
