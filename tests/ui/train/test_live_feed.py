import gzip
import json
import threading
from contextlib import suppress

import pytest

from pages.ui.train.live_feed import LiveFeed
from tests.support import wait_for


class Training:
    """Something that changes until `ended`, and counts how often it is looked at."""

    def __init__(self):
        self.step, self.looks, self.ended = 0, 0, False

    def contents(self, name):
        self.looks += 1
        return {"seconds": 0 if self.ended else 0.05, "step": self.step, "name": name}


def fetched(folder, file):
    return json.loads(gzip.decompress((folder / file).read_bytes()))


@pytest.fixture
def training():
    training = Training()
    yield training
    training.ended = True  # or its thread would outlive the test


def test_a_follower_gets_a_file_that_is_kept_up_to_date(tmp_path, training):
    file, contents = LiveFeed(training.contents, tmp_path).follow("run")
    assert contents == fetched(tmp_path, file) == {"seconds": 0.05, "step": 0, "name": "run"}
    training.step = 7
    wait_for(lambda: fetched(tmp_path, file)["step"] == 7, seconds=5)


def test_a_hundred_followers_cost_no_more_looks_than_one(tmp_path, training):
    feed = LiveFeed(training.contents, tmp_path)
    files = {feed.follow("run")[0] for _ in range(100)}
    assert len(files) == 1
    first = training.looks
    wait_for(lambda: training.looks >= first + 4, seconds=5)
    assert threading.active_count() < 20


def test_an_unchanged_training_is_not_written_again(tmp_path, training):
    file, _ = LiveFeed(training.contents, tmp_path).follow("run")
    written = (tmp_path / file).stat().st_ino
    looks = training.looks
    wait_for(lambda: training.looks > looks + 3, seconds=5)
    assert (tmp_path / file).stat().st_ino == written


def test_a_feed_ends_with_its_training_and_can_begin_again(tmp_path, training):
    feed = LiveFeed(training.contents, tmp_path)
    file, _ = feed.follow("run")
    training.ended = True
    wait_for(lambda: fetched(tmp_path, file)["seconds"] == 0, seconds=5)
    looks = training.looks
    training.ended, training.step = False, 3  # resumed
    assert feed.follow("run")[1]["step"] == 3
    assert training.looks > looks
    training.step = 4
    wait_for(lambda: fetched(tmp_path, file)["step"] == 4, seconds=5)


def test_a_failing_look_does_not_end_the_feed_for_good(tmp_path, training, monkeypatch):
    feed = LiveFeed(training.contents, tmp_path)
    file, _ = feed.follow("run")
    with monkeypatch.context() as broken, suppress(AssertionError):
        broken.setattr(threading, "excepthook", lambda arguments: None)
        broken.setattr(feed, "_build", lambda name: 1 / 0)
        wait_for(lambda: not feed._thread.is_alive(), seconds=2)
    training.step = 9
    assert feed.follow("run")[1]["step"] == 9
    training.step = 10
    wait_for(lambda: fetched(tmp_path, file)["step"] == 10, seconds=5)
