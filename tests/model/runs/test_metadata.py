"""Names, notes and owners of runs: what is stored, what is invalid, and which tokens match."""

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


def test_written_metadata_is_read_back(tmp_path):
    metadata.write(tmp_path, ANNS)
    assert metadata.read(tmp_path) == ANNS
    assert [path.name for path in tmp_path.iterdir()] == ["label.json"]


def test_tokens_are_not_stored(tmp_path):
    metadata.write(tmp_path, ANNS)
    assert "a tab" not in (tmp_path / "label.json").read_text()


def test_a_tab_controls_a_run_and_a_browser_owns_it():
    assert ANNS.controlled_by("a tab")
    assert not ANNS.controlled_by("a browser")
    assert not ANNS.controlled_by(ANNS.tab), "the fingerprint isn't the token"
    assert ANNS.owned_by("another tab", "a browser")
    assert ANNS.owned_by("a tab", "")
    assert not ANNS.owned_by("another tab", "another browser")


def test_empty_tokens_never_match():
    assert not NO_METADATA.controlled_by("")
    assert not NO_METADATA.owned_by("", "")
    assert not NO_METADATA.owned_by("a tab", "a browser")
    assert not ANNS.owned_by("", "")


def test_a_name_is_one_line_without_surrounding_spaces():
    assert RunMetadata("  two\n\tlines\x00\u202e ").name == "two lines"
    assert RunMetadata(note=" first \r\nsecond\x07 ").note == "first \nsecond"


@pytest.mark.parametrize("field, most", [("name", 60), ("note", 500)])
def test_a_name_or_note_that_is_too_long_raises_an_error(field, most):
    assert getattr(RunMetadata(**{field: most * "a"}), field) == most * "a"
    with pytest.raises(RunError) as caught:
        RunMetadata(**{field: (most + 1) * "a"})
    assert caught.value.values == {"field": field, "most": most, "n": most + 1}


@pytest.mark.parametrize("wrong", [{"name": None}, {"note": 3}, {"tab": "secret"}, {"browser": 63 * "0"}])
def test_an_invalid_value_names_its_field(wrong):
    with pytest.raises(RunError) as caught:
        RunMetadata(**wrong)
    assert [caught.value.values["field"]] == list(wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda of: st.lists(of) | st.dictionaries(st.sampled_from(["name", "note", "tab", "browser"]) | st.text(), of),
)


@pytest.mark.slow
@given(st.binary() | JSON.map(lambda values: json.dumps(values).encode()) | st.just(b"[" * 100_000))
def test_any_file_is_read_as_valid_metadata(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("run")
    (folder / "label.json").write_bytes(content)
    read = metadata.read(folder)
    assert replace(read) == read, "it passes the checks of a new one"


@given(st.text(alphabet=st.characters(), max_size=60), st.text(alphabet=st.characters(), max_size=500))
def test_any_name_and_note_are_read_back(tmp_path_factory, name, note):
    folder = tmp_path_factory.mktemp("run")
    new = RunMetadata(name, note)
    metadata.write(folder, new)
    assert metadata.read(folder) == new
    assert "\n" not in new.name


def test_a_missing_file_is_read_as_empty_metadata(tmp_path):
    assert metadata.read(tmp_path) == metadata.read(tmp_path / "nowhere") == NO_METADATA


def test_a_run_has_metadata_that_can_be_replaced(store):
    run = store.create(TrainingConfig(), ANNS)
    assert run.metadata == ANNS
    store.set_metadata(run.id, replace(ANNS, name="Best so far"))
    assert run.metadata == replace(ANNS, name="Best so far")
    assert not list(store.home.glob(".*"))


def test_a_run_without_metadata_has_no_file(store):
    run = store.create(TrainingConfig())
    assert run.metadata == NO_METADATA
    assert not (run.path / "label.json").exists()


@pytest.mark.parametrize("run_id", ["champion", "no-such-run", "../shipped/champion", ""])
def test_shipped_and_missing_runs_get_no_metadata(store, run_id):
    (store.shipped / "champion").mkdir(parents=True)
    store.create(TrainingConfig())
    with pytest.raises(RunError):
        store.set_metadata(run_id, ANNS)
    assert not list(store.shipped.rglob("label.json"))


def test_a_group_is_the_id_of_a_search(store):
    run = store.create(TrainingConfig(), RunMetadata(group="20261125-225316-learning-rate"))
    assert store.open(run.id).metadata.group == "20261125-225316-learning-rate"
    with pytest.raises(RunError):
        RunMetadata(group="../elsewhere")
