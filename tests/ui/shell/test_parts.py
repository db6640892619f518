"""The parts of pages that a link chooses: the words of the link, and what they hide."""

import re
from types import SimpleNamespace

import pytest

from pages.ui.shell import parts
from pages.ui.shell.parts import DRAW, EVALUATE, LEARN, PARTS, TRAIN
from tests.support import PROJECT


@pytest.fixture
def show(monkeypatch):
    """Open a page by a link with these parts."""

    def link(value):
        monkeypatch.setattr(parts, "st", SimpleNamespace(query_params={} if value is None else {"show": value}))

    return link


def test_names_are_short_words_and_mean_one_thing_in_a_step():
    names = [name for page in PARTS.values() for name in page]
    assert [name for name in names if not re.fullmatch("[a-z]{3,12}", name)] == []
    for page in (TRAIN, EVALUATE, DRAW):
        assert PARTS[LEARN].keys() & PARTS[page].keys() == {parts.MENU}
    assert all(set(group) <= PARTS[TRAIN].keys() for group in parts.GROUPS.values())
    assert set(parts.CONTROLS) <= PARTS[LEARN].keys()


@pytest.mark.parametrize("value", [None, "", "nothing,known", "<script>", "," * 5000, "kernel,walk"])
def test_a_page_that_the_link_does_not_mention_shows_everything(show, value):
    show(value)
    assert parts.shown(TRAIN) == PARTS[TRAIN].keys()
    assert parts.style(TRAIN) == ""


def test_a_page_without_parts_shows_everything(show):
    show("start")
    assert (parts.hidden("tune"), parts.style("tune"), parts.style("")) == (frozenset(), "", "")


def test_unknown_names_are_ignored_and_lose_nothing(show):
    show("start, curves ,typo,start")
    assert parts.shown(TRAIN) == {"start", "curves"}
    assert parts.hidden(TRAIN) == PARTS[TRAIN].keys() - {"start", "curves"}


def test_one_name_stands_for_all_settings(show):
    show("settings")
    assert parts.shown(TRAIN) == {"recipe", "dataset", "network", "epochs", "batch", "optimizer", "rate"} | {
        "augmentation",
        "more",
    }


def test_the_step_itself_is_never_hidden(show):
    show("step")
    assert parts.hidden(LEARN) == PARTS[LEARN].keys() - {"step"}
    show("menu")
    assert "step" not in parts.hidden(LEARN)


def test_the_style_sheet_hides_what_is_not_named(show):
    show("start,curves")
    hidden = parts.style(TRAIN)
    assert ".st-key-train-runs" in hidden
    assert ".st-key-menu" in hidden
    assert ".st-key-train-start" not in hidden
    assert ".st-key-train-settings" not in hidden, "the column has the Start button"
    assert hidden.endswith("{ display: none !important; }")
    show("curves")
    assert ".stColumn:has(.st-key-train-settings)" in parts.style(TRAIN)


def test_the_documentation_names_all_parts_of_each_page():
    text = (PROJECT / "docs" / "teaching.md").read_text(encoding="utf-8").partition("## What pupils see")[2]
    documented: dict[str, set[str]] = {}
    for page, names in re.findall(r"(?m)^\| ([A-Z]\w+|all of these)[^|]* \| (`.*) \|$", text):
        documented.setdefault(page.lower(), set()).update(re.findall(r"`(\w+)`", names))
    common = documented.pop("all of these")
    assert {page: names | common for page, names in documented.items()} == {
        page: names.keys() | (parts.GROUPS.keys() if page == TRAIN else set()) for page, names in PARTS.items()
    }
