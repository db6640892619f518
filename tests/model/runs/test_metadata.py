"""Names, notes and who may steer: what is kept, what is refused, who is believed."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import TrainingConfig
from model.errors import RunError
from model.runs import metadata
from model.runs.metadata import NO_METADATA, RunMetadata, fingerprint
from model.runs.store import RunStore

ANNS = RunMetadata("Ann's", "wide\nand slow", fingerprint("a tab"), fingerprint("a browser"))


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "home", shipped=tmp_path / "shipped")


def test_a_label_survives_its_file(tmp_path):
    metadata.write(tmp_path, ANNS)
    assert metadata.read(tmp_path) == ANNS
    assert [path.name for path in tmp_path.iterdir()] == ["label.json"]


def test_tokens_are_not_kept(tmp_path):
    metadata.write(tmp_path, ANNS)
    assert "a tab" not in (tmp_path / "label.json").read_text()


def test_a_tabs_token_steers_and_a_browsers_token_owns():
    assert ANNS.controlled_by("a tab")
    assert not ANNS.controlled_by("a browser")
    assert not ANNS.controlled_by(ANNS.tab), "the fingerprint is no token"
    assert ANNS.owned_by("another tab", "a browser")
    assert ANNS.owned_by("a tab", "")
    assert not ANNS.owned_by("another tab", "another browser")


def test_nothing_never_matches():
    assert not NO_METADATA.controlled_by("")
    assert not NO_METADATA.owned_by("", "")
    assert not NO_METADATA.owned_by("a tab", "a browser")
    assert not ANNS.owned_by("", "")


def test_a_name_is_one_line_without_blanks_around_it():
    assert RunMetadata("  two\n\tlines\x00\u202e ").name == "two lines"
    assert RunMetadata(note=" first \r\nsecond\x07 ").note == "first \nsecond"


@pytest.mark.parametrize("field, most", [("name", 60), ("note", 500)])
def test_what_is_too_long_is_said_in_one_sentence(field, most):
    assert getattr(RunMetadata(**{field: most * "a"}), field) == most * "a"
    with pytest.raises(RunError, match=f"came with {most + 1} characters; expected at most {most}, so shorten it"):
        RunMetadata(**{field: (most + 1) * "a"})


@pytest.mark.parametrize("wrong", [{"name": None}, {"note": 3}, {"tab": "secret"}, {"browser": 63 * "0"}])
def test_what_is_no_label_is_refused(wrong):
    with pytest.raises(RunError, match="expected"):
        RunMetadata(**wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda of: st.lists(of) | st.dictionaries(st.sampled_from(["name", "note", "tab", "browser"]) | st.text(), of),
)


@pytest.mark.slow
@given(st.binary() | JSON.map(lambda values: json.dumps(values).encode()) | st.just(b"[" * 100_000))
def test_any_file_is_a_label_or_an_empty_one(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("run")
    (folder / "label.json").write_bytes(content)
    label = metadata.read(folder)
    assert replace(label) == label, "what was read could be written"


@given(st.text(alphabet=st.characters(), max_size=60), st.text(alphabet=st.characters(), max_size=500))
def test_any_text_is_kept_as_it_was_taken(tmp_path_factory, name, note):
    folder = tmp_path_factory.mktemp("run")
    label = RunMetadata(name, note)
    metadata.write(folder, label)
    assert metadata.read(folder) == label
    assert "\n" not in label.name


def test_a_missing_file_is_an_empty_label(tmp_path):
    assert metadata.read(tmp_path) == metadata.read(tmp_path / "nowhere") == NO_METADATA


def test_a_run_is_born_with_its_label_and_can_be_given_another(store):
    run = store.create(TrainingConfig(), ANNS)
    assert run.metadata == ANNS
    store.set_metadata(run.id, replace(ANNS, name="Best so far"))
    assert run.metadata == replace(ANNS, name="Best so far")
    assert not list(store.home.glob(".*"))


def test_a_run_without_a_label_has_no_file(store):
    run = store.create(TrainingConfig())
    assert run.metadata == NO_METADATA
    assert not (run.path / "label.json").exists()


@pytest.mark.parametrize("run_id", ["champion", "no-such-run", "../shipped/champion", ""])
def test_shipped_and_missing_runs_are_not_labelled(store, run_id):
    (store.shipped / "champion").mkdir(parents=True)
    store.create(TrainingConfig())
    with pytest.raises(RunError, match="can't be labelled; expected one of your own"):
        store.set_metadata(run_id, ANNS)
    assert not list(store.shipped.rglob("label.json"))
