"""The tests of this folder run at least 10,000 cases together."""

from tests.fuzz import test_drawings_and_files, test_texts
from tests.fuzz.hostile import CASES


def test_there_are_ten_thousand_cases():
    modules = {name.rpartition(".")[0] for name in CASES}
    assert {test_texts.__name__, test_drawings_and_files.__name__} <= modules
    assert sum(CASES.values()) >= 10_000
