"""Dask is imported only for a scheduler, and a variable that can't be used leaves this machine to train."""

import subprocess
import sys

import pytest

from model.cli import main
from model.jobs.manager import JobManager
from model.runs.store import RunStore
from tests.support import PROJECT


def test_without_a_scheduler_nothing_imports_dask():
    code = """
import sys
import model.cli, model.tuning.command, pages.ui.shell.services
from model.cli import main
from model.jobs.manager import JobManager
from model.runs.store import RunStore
JobManager.from_environment(RunStore()).close()
print(sorted({name.split('.')[0] for name in sys.modules} & {'dask', 'distributed', 'cloudpickle'}))
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("address", ["host:8786", "http://host:8786", "tcp://host", "tcp://:8786", "tcp://a b:1"])
def test_what_is_not_an_address_is_reported(monkeypatch, capsys, address):
    monkeypatch.setenv("DIGIT_LAB_SCHEDULER", address)
    jobs = JobManager.from_environment(RunStore())
    assert not jobs.has_cluster
    (line,) = capsys.readouterr().err.splitlines()
    assert "DIGIT_LAB_SCHEDULER" in line
    assert repr(address) in line


def test_a_server_without_dask_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setenv("DIGIT_LAB_SCHEDULER", "tcp://host:8786")
    monkeypatch.setitem(sys.modules, "distributed", None)
    for module in ("model.jobs.cluster", "model.jobs.cluster_task"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    assert not JobManager.from_environment(RunStore()).has_cluster
    (line,) = capsys.readouterr().err.splitlines()
    assert "requirements-cluster.txt" in line


def test_a_search_on_the_command_line_needs_a_scheduler_that_answers(monkeypatch, capsys):
    monkeypatch.setenv("DIGIT_LAB_SCHEDULER", "tcp://127.0.0.1:9")  # nobody listens there
    assert main(["tune", "--dataset", "uci-digits", "--trials", "1"]) == 2
    assert "tcp://127.0.0.1:9" in capsys.readouterr().err
    assert not RunStore().home.exists()
