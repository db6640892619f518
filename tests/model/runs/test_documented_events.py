"""The table of events in docs/run-folder.md is up to date."""

from model.runs.events import markdown_table, update_table
from tests.support import PROJECT


def test_the_documented_table_of_events_is_current():
    document = (PROJECT / "docs" / "run-folder.md").read_text(encoding="utf-8")
    assert markdown_table() in document
    assert update_table(document) == document


def test_every_event_and_field_is_documented():
    table = markdown_table()
    for text in ("| `batch` | `step` (int)", "`glimpse` (dict, optional)", "| `failed` | `reason` (str, optional) |"):
        assert text in table
