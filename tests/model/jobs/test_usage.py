"""What processes use, measured on this one and on a child that computes."""

import os
import subprocess
import sys
import time

from model.jobs import usage
from model.jobs.usage import UsageMonitor
from tests.support import wait_for


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_the_server_and_its_workers_are_measured():
    clock, child = Clock(), subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        wait_for(lambda: usage.own_memory(child.pid) > 1e6)
        monitor = UsageMonitor(lambda: {"a-run": child.pid}, clock)
        first = monitor.measure()
        assert first.cores is None, "a share of time needs two measurements"
        assert monitor.measure() is first, "everybody who looks within a second sees the same"
        assert 1e7 < first.server.resident < 1e10
        assert 1e6 < first.workers["a-run"].resident < 1e9
        begin = time.process_time()
        time.sleep(0.4)
        clock.now += 2.0
        second = monitor.measure()
        assert 0.02 < second.workers["a-run"].cores <= 0.4, "at most 0.4 seconds in 2"
        assert second.server.cores <= (time.process_time() - begin + 0.1) / 2
        assert second.cores == second.server.cores + second.workers["a-run"].cores
    finally:
        child.kill()
        child.wait()


def test_own_memory_leaves_out_shared_libraries():
    assert 0 < usage.own_memory(os.getpid()) <= UsageMonitor(dict).measure().server.resident


def test_a_worker_that_has_ended_uses_nothing():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert usage.own_memory(child.pid) == 0
    assert UsageMonitor(lambda: {"a-run": child.pid}).measure().workers["a-run"].resident == 0
