"""Two app servers with one home and one Dask scheduler: the same run, opened in both."""

import re

import pytest
from playwright.sync_api import expect

from model.runs.store import RunStore
from tests.browser.conftest import Server, Visitor
from tests.integration.dask_cluster import DaskCluster
from tests.support import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    (tmp_path / "cluster").mkdir()
    cluster = DaskCluster(tmp_path / "cluster", workers=1)
    monkeypatch.setenv("DIGIT_LAB_SCHEDULER", cluster.address)
    yield cluster
    cluster.close()


@pytest.fixture
def servers(tmp_path, cluster):
    servers = [Server(tmp_path, None), Server(tmp_path, None)]
    yield [server.wait_until_ready() for server in servers]
    for server in servers:
        server.process.kill()
        server.process.wait()


def test_a_run_of_one_server_is_the_same_in_another(chromium, servers, cluster):
    first, second = (Visitor(chromium, server.url) for server in servers)
    mine = first.start_a_long_training()
    mine.wait_for_url(re.compile("run="))
    (run,) = (run for run in RunStore(servers[0].home / "runs").list()[0] if not run.shipped)
    theirs = second.open(f"train?run={run.id}")
    wait_for(lambda: len(run.history().step) > 3)
    assert cluster.worker_of(run), "it trains on the cluster"
    mine.locator(".st-key-train-pause button").click()
    for page in (mine, theirs):
        expect(page.locator(".st-key-train-status")).to_contain_text("Paused", ignore_case=True, timeout=20_000)
    assert theirs.locator(".st-key-train-resume").count() == 0, "only its owner controls it"
    assert theirs.locator(".st-key-train-stop").count() == 0
    servers[0].process.kill()
    status = theirs.locator(".st-key-train-status")
    expect(status).to_contain_text("Interrupted", ignore_case=True, timeout=20_000)
    assert run.history().last.name == "interrupted"
    assert second.errors == []
