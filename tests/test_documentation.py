"""README and docs/: links resolve, nothing is missing, and what they quote exists."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from model.cli import _parser
from model.limits import DEFAULTS
from tests.support import PROJECT

DOCS = PROJECT / "docs"
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = [PROJECT / "README.md", *sorted(DOCS.glob("*.md"))]
MAX_README_LINES = 120
LINK = re.compile(r"\]\(([^()\s]+)\)")
VARIABLE = re.compile(r"\bDIGIT_LAB_[A-Z_]*[A-Z]\b")


def internal_links(page: Path) -> list[str]:
    """Return the targets of links and images that aren't on the web; code blocks have none."""
    prose = re.sub(r"(?m)^ {4}.*$", "", page.read_text(encoding="utf-8"))
    return [target for target in LINK.findall(prose) if "://" not in target]


def linked_file(page: Path, target: str) -> Path:
    name = target.partition("#")[0]
    return (page.parent / name).resolve() if name else page


def anchors(page: Path) -> list[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def section(title: str) -> str:
    """Return a section of README up to the next heading of its level."""
    (found,) = re.findall(rf"(?ms)^## {title}\n(.*?)(?=^## |\Z)", README)
    return found


def packages(folder: str) -> list[str]:
    return sorted(path.parent.name for path in (PROJECT / folder).glob("*/__init__.py"))


def commands() -> list[str]:
    return re.findall(r"(?m)^    python -m model (.+)$", section("Command line"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_internal_link_resolves(page):
    broken = []
    for target in internal_links(page):
        file, anchor = linked_file(page, target), target.partition("#")[2]
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_file_in_docs_is_linked_or_shown():
    linked = {linked_file(page, target) for page in PAGES for target in internal_links(page)}
    files = {path.resolve() for path in DOCS.rglob("*") if path.is_file()}
    assert files - linked == set()


def test_readme_is_short():
    assert len(README.splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize(("folder", "name"), [(f, n) for f in ("model", "pages/ui") for n in packages(f)])
def test_every_package_is_described_in_the_readme(folder, name):
    # Packages that share a row are named without their folder.
    assert re.search(rf"(?m)^\|.*`({folder}/)?{name}/`", section("How it is built"))


def test_every_environment_variable_is_described_for_hosts():
    sources = [path for folder in ("model", "pages") for path in (PROJECT / folder).rglob("*.py")]
    sources += [PROJECT / "app.py", PROJECT / "model" / "walkthrough.ipynb"]
    read = {name for path in sources for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    rows = re.findall(r"(?m)^\| (`DIGIT_LAB_.*?) \|", (DOCS / "hosting.md").read_text(encoding="utf-8"))
    described = {name for row in rows for name in VARIABLE.findall(row)}
    assert "DIGIT_LAB_HOME" in read
    assert read - described == set()


def test_every_described_limit_exists():
    limits = {f"DIGIT_LAB_MAX_{field.upper()}" for field in DEFAULTS}
    described = set(re.findall(r"(?m)^\| `(DIGIT_LAB_MAX_\w+)`", (DOCS / "hosting.md").read_text(encoding="utf-8")))
    assert described == limits


@pytest.mark.parametrize("command", commands())
def test_a_command_line_of_the_readme_is_understood(command):
    parsed = _parser().parse_args(shlex.split(command))
    assert isinstance(parsed, argparse.Namespace)


def test_the_readme_shows_six_command_lines():
    assert len(commands()) == 6
