"""The import rules: contracts in pyproject.toml, checked by import-linter."""

from importlinter.cli import lint_imports

from tests.support import PROJECT


def test_every_import_contract_is_kept(monkeypatch):
    monkeypatch.chdir(PROJECT)
    assert lint_imports(no_logo=True, no_cache=True) == 0
