"""How much memory this server may use, how much is free, and whether the system has ended processes for lack of it.

In a container, /proc/meminfo and psutil describe the whole host, so the limits of the control groups (cgroups, version
1 and 2) are read too: of the group of this process and of all groups around it. Reads files; starts nothing.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_ROOT = Path("/")


@dataclass(frozen=True)
class Memory:
    """Memory in bytes; `total` is the limit of the container, or what the machine has."""

    total: int
    available: int  # before something has to be ended or swapped out

    @property
    def used(self) -> int:
        """The part of the total that isn't available."""
        return self.total - self.available


def read(root: Path = _ROOT) -> Memory:
    """Return the memory of this machine, or of the group around this process that has the least available.

    Tests replace `root`, below which the files of the system are.
    """
    machine = psutil.virtual_memory()
    memory = Memory(machine.total, machine.available)
    for group in _groups(root):
        limited = group.memory()
        if limited and limited.total < machine.total and limited.available < memory.available:
            memory = limited
    return memory


def n_killed(root: Path = _ROOT) -> int | None:
    """Return how many processes of this process's group the system has ended for lack of memory; None if unknown."""
    for group in _groups(root):
        if (killed := group.n_killed()) is not None:
            return killed
    with suppress(OSError, ValueError, KeyError):  # without groups, the counter of the whole machine
        return _table(root / "proc/vmstat")["oom_kill"]
    return None


@dataclass(frozen=True)
class _Group:
    """A control group with memory; the names of its files depend on the version."""

    folder: Path
    version: int

    def memory(self) -> Memory | None:
        """Return the group's limit and what is left of it; None without a limit."""
        limit, usage, file_cache = _FILES[self.version]
        try:
            total = int(_text(self.folder / limit))  # not a number without a limit: "max"
            used = int(_text(self.folder / usage))
            # Files that were read a while ago count as used, but their memory is freed when somebody needs it.
            used -= _table(self.folder / "memory.stat").get(file_cache, 0)
        except (OSError, ValueError):
            return None
        return Memory(total, min(max(total - used, 0), total))

    def n_killed(self) -> int | None:
        """Return the counter of processes ended for lack of memory; None if there is no counter."""
        with suppress(OSError, ValueError, KeyError):
            return _table(self.folder / _COUNTER[self.version])["oom_kill"]
        return None


_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}
_COUNTER = {1: "memory.oom_control", 2: "memory.events"}


def _groups(root: Path) -> Iterator[_Group]:
    """Yield the group of this process with its memory, then the groups around it; none where there are no groups."""
    with suppress(OSError, ValueError, IndexError):
        paths = dict(_own_paths(_text(root / "proc/self/cgroup")))
        for version, inside, mounted in _mounts(_text(root / "proc/self/mountinfo")):
            if version not in paths:
                continue
            top = root / mounted.lstrip("/")
            # A container sees its own group as the top one, below which there is no path with its outer name.
            path = Path(paths[version])
            own = top / path.relative_to(inside) if path.is_relative_to(inside) and ".." not in path.parts else top
            while True:
                if own.is_dir():
                    yield _Group(own, version)
                if own == top:
                    break
                own = own.parent


def _own_paths(text: str) -> Iterator[tuple[int, str]]:
    """Yield (version, path) from lines such as `4:memory:/docker/1f` and `0::/user.slice`."""
    for line in text.splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield 2, path
        elif "memory" in controllers.split(","):
            yield 1, path


def _mounts(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (version, top group, folder) of the file systems that show groups with memory."""
    for line in text.splitlines():
        mount, _, source = line.partition(" - ")
        kind, *_, options = source.split()
        inside, folder = mount.split()[3:5]
        if kind == "cgroup2":
            yield 2, inside, folder
        elif kind == "cgroup" and "memory" in options.split(","):
            yield 1, inside, folder


def _table(path: Path) -> dict[str, int]:
    """Return the numbers of a file with a name and a number on each line."""
    return {name: int(value) for name, value in (line.split() for line in _text(path).splitlines())}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
