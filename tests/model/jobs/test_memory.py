"""Memory in containers: the files of control groups of both versions, written by hand into a folder."""

import psutil
import pytest

from model.jobs import memory
from model.jobs.memory import Memory

MB = 1_000_000
NO_LIMIT_V1 = 9_223_372_036_854_771_712
CGROUP2 = "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
CGROUP1 = "35 31 0:32 {inside} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"


@pytest.fixture(autouse=True)
def large_machine(monkeypatch):
    """A machine with 8 GB, of which 6 are available."""
    fields = {"total": 8000 * MB, "available": 6000 * MB}
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("svmem", (), fields))


def system(root, groups, mounts):
    """Write the two files that say which groups there are."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    (root / "proc/self/mountinfo").write_text("22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n" + mounts)


def group_v2(root, path, limit="max", current=0, inactive_file=0, killed=0):
    folder = root / "sys/fs/cgroup" / path.strip("/")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{current}\n")
    (folder / "memory.stat").write_text(f"anon 5\nactive_file 7\ninactive_file {inactive_file}\n")
    (folder / "memory.events").write_text(f"low 0\noom 9\noom_kill {killed}\n")


def group_v1(root, path, limit=NO_LIMIT_V1, usage=0, inactive_file=0, killed=0):
    folder = root / "sys/fs/cgroup/memory" / path.strip("/")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.limit_in_bytes").write_text(f"{limit}\n")
    (folder / "memory.usage_in_bytes").write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(f"inactive_file 3\ntotal_inactive_file {inactive_file}\n")
    (folder / "memory.oom_control").write_text(f"oom_kill_disable 0\nunder_oom 0\noom_kill {killed}\n")


def test_without_groups_the_machine_is_described(tmp_path):
    assert memory.read(tmp_path) == Memory(8000 * MB, 6000 * MB)
    assert memory.read(tmp_path).used == 2000 * MB
    assert memory.n_killed(tmp_path) is None


def test_a_container_has_its_own_limit(tmp_path):
    system(tmp_path, "0::/\n", CGROUP2)
    group_v2(tmp_path, "/", 600 * MB, current=400 * MB, inactive_file=150 * MB, killed=2)
    assert memory.read(tmp_path) == Memory(600 * MB, 350 * MB), "old files in the cache don't count as used"
    assert memory.n_killed(tmp_path) == 2


def test_a_group_without_a_limit_has_the_machines(tmp_path):
    system(tmp_path, "0::/user.slice\n", CGROUP2)
    group_v2(tmp_path, "/user.slice", "max", current=400 * MB)
    assert memory.read(tmp_path) == Memory(8000 * MB, 6000 * MB)


@pytest.mark.parametrize(("inner", "outer", "total"), [(600, 900, 600), (900, 600, 600), ("max", 700, 700)])
def test_the_group_that_has_the_least_left_counts(tmp_path, inner, outer, total):
    system(tmp_path, "0::/outer/inner\n", CGROUP2)
    bytes_of = {name: name if name == "max" else name * MB for name in (inner, outer)}
    group_v2(tmp_path, "/", "max")
    group_v2(tmp_path, "/outer", bytes_of[outer], current=200 * MB)
    group_v2(tmp_path, "/outer/inner", bytes_of[inner], current=100 * MB, killed=1)
    found = memory.read(tmp_path)
    assert found.total == total * MB
    assert found.available == min(each - used for each, used in ((inner, 100), (outer, 200)) if each != "max") * MB
    assert memory.n_killed(tmp_path) == 1


def test_a_brother_of_the_group_does_not_count(tmp_path):
    system(tmp_path, "0::/ours\n", CGROUP2)
    group_v2(tmp_path, "/ours", 900 * MB)
    group_v2(tmp_path, "/theirs", 100 * MB)
    assert memory.read(tmp_path).total == 900 * MB


def test_version_1_is_read_too(tmp_path):
    system(tmp_path, "5:cpu,cpuacct:/app\n4:memory:/app\n0::/\n", CGROUP1.format(inside="/"))
    group_v1(tmp_path, "/", NO_LIMIT_V1, usage=5000 * MB)
    group_v1(tmp_path, "/app", 690 * MB, usage=300 * MB, inactive_file=40 * MB, killed=3)
    assert memory.read(tmp_path) == Memory(690 * MB, 430 * MB)
    assert memory.n_killed(tmp_path) == 3


def test_the_huge_number_of_version_1_is_no_limit(tmp_path):
    system(tmp_path, "4:memory:/app\n", CGROUP1.format(inside="/"))
    group_v1(tmp_path, "/app", NO_LIMIT_V1, usage=300 * MB)
    assert memory.read(tmp_path).total == 8000 * MB


@pytest.mark.parametrize("inside", ["/docker/1f", "/docker/2e"])
def test_a_container_sees_its_group_as_the_top_one(tmp_path, inside):
    """Docker shows the outer name of the group, but mounts the group itself, or hides the name."""
    system(tmp_path, "4:memory:/docker/1f\n", CGROUP1.format(inside=inside))
    group_v1(tmp_path, "/", 512 * MB, usage=12 * MB)
    assert memory.read(tmp_path) == Memory(512 * MB, 500 * MB)


def test_a_path_outside_the_namespace_means_the_top_group(tmp_path):
    system(tmp_path, "0::/../../elsewhere\n", CGROUP2)
    group_v2(tmp_path, "/", 512 * MB)
    (tmp_path / "sys/fs/elsewhere").mkdir()
    assert memory.read(tmp_path).total == 512 * MB


def test_a_group_that_uses_more_than_its_limit_has_nothing_left(tmp_path):
    system(tmp_path, "0::/\n", CGROUP2)
    group_v2(tmp_path, "/", 500 * MB, current=501 * MB)
    assert memory.read(tmp_path).available == 0


@pytest.mark.parametrize("broken", ["", "0:", "garbage\n0::/\n", "0::/gone\n"])
def test_broken_files_of_the_system_are_ignored(tmp_path, broken):
    system(tmp_path, broken, CGROUP2 + "31\n")
    assert memory.read(tmp_path).total == 8000 * MB
    assert memory.n_killed(tmp_path) is None


def test_without_a_groups_counter_the_machines_is_read(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/vmstat").write_text("nr_free_pages 7\noom_kill 4\n")
    assert memory.n_killed(tmp_path) == 4


def test_the_real_system_can_be_read():
    real = memory.read()
    assert 0 < real.available <= real.total
