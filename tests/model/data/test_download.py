"""Downloads from a local server that can be slow, silent or wrong."""

import time

import numpy as np
import pytest

from model.data import catalog, download
from model.errors import DataError
from tests.model.data.samples import assert_sound, digits, fashion_files, files_below, npz_bytes
from tests.support import check_message

pytestmark = pytest.mark.usefixtures("isolated")


def test_a_download_is_verified_reported_and_cached(serve, tmp_path):
    arrays, reports = digits(), []
    server = serve("fashion-mnist", fashion_files(arrays))
    total = sum(len(content) for content in server.files.values())
    dataset = catalog.load("fashion-mnist", progress=lambda *report: reports.append(report))
    assert_sound(dataset)
    assert np.array_equal(dataset.x_test[..., 0], arrays["x_test"])
    assert reports == sorted(reports)
    assert reports[-1] == (total, total)
    assert len(files_below(tmp_path / "DIGIT_LAB_CACHE")) == 4
    assert catalog.status("fashion-mnist").where == catalog.IN_OUR_CACHE
    assert catalog.load("fashion-mnist").fingerprint == dataset.fingerprint
    assert len(server.requests) == 4


def test_a_damaged_file_in_the_cache_is_downloaded_again(serve, tmp_path):
    server = serve("mnist", {"mnist.npz": npz_bytes(digits())})
    catalog.load("mnist")
    (tmp_path / "DIGIT_LAB_CACHE/mnist/mnist.npz").write_bytes(b"bad")
    assert_sound(catalog.load("mnist"))
    assert len(server.requests) == 2


def test_no_server_keeps_a_visitor_waiting_for_more_than_ten_seconds():
    assert max(download.CONNECT_LIMIT, download.SILENCE_LIMIT) <= 10


FAILURES = {  # the time limit, and the names of the values in the reason
    "cut": (5, {"received", "expected"}),
    "slow": (0.6, {"limit", "received", "expected"}),
    "silent": (0.4, {"seconds", "received", "expected"}),
    "wrong": (5, {"received"}),
    "missing": (5, {"status"}),
    "refused": (5, set()),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", FAILURES)
def test_a_failed_download_is_explained_and_leaves_nothing(serve, tmp_path, case):
    limit, names = FAILURES[case]
    server = serve("mnist", {"mnist.npz": npz_bytes(digits())}, time_limit=limit)
    server.behaviour = case
    if case == "wrong":
        server.files["mnist.npz"] = b"something else"
    if case == "missing":
        server.files.clear()
    if case == "refused":
        server.server_close()
    started = time.monotonic()
    with pytest.raises(DataError) as caught:
        catalog.load("mnist")
    assert time.monotonic() - started < 4
    check_message(caught.value, title="MNIST", host="127.0.0.1", name="mnist")
    reason = caught.value.values["reason"]
    assert set(reason.values) == names
    assert str(reason) in str(caught.value)
    if case == "wrong":
        assert reason.values["received"] == len("something else")
    if case == "missing":
        assert reason.values["status"] == 404
    assert files_below(tmp_path / "DIGIT_LAB_CACHE") == []


def test_a_cancelled_download_leaves_nothing_behind(serve, tmp_path):
    class Cancelled(Exception):
        pass

    def progress(received, total):
        raise Cancelled

    serve("mnist", {"mnist.npz": npz_bytes(digits())})
    with pytest.raises(Cancelled):
        catalog.load("mnist", progress)
    assert files_below(tmp_path / "DIGIT_LAB_CACHE") == []


def test_a_cache_that_is_not_writable_is_named(serve, tmp_path, monkeypatch):
    serve("mnist", {"mnist.npz": npz_bytes(digits())})
    (tmp_path / "a file").touch()
    monkeypatch.setenv("DIGIT_LAB_CACHE", str(tmp_path / "a file"))
    with pytest.raises(DataError) as caught:
        catalog.load("mnist")
    assert caught.value.values["reason"].values["folder"] == str(tmp_path / "a file" / "mnist")


def test_a_download_prints_nothing(serve, capfd):
    serve("mnist", {"mnist.npz": npz_bytes(digits())})
    catalog.load("mnist")
    assert capfd.readouterr() == ("", "")


def test_only_a_server_that_responds_in_time_is_reachable(serve):
    server = serve("mnist", {"mnist.npz": b"anything"})
    assert catalog.reachable("mnist")
    assert not catalog.reachable("fashion-mnist")  # no server there
    assert not catalog.reachable("uci-digits")
    assert not catalog.reachable("../etc")
    server.behaviour = "silent"
    started = time.monotonic()
    assert not catalog.reachable("mnist", timeout=0.3)
    assert time.monotonic() - started < 2
