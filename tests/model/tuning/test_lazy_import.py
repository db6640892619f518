"""Optuna is imported when a search starts or is shown, and not before: it takes a third of a second and 40 MB."""

import subprocess
import sys

from tests.support import PROJECT


def test_importing_the_package_and_the_command_line_loads_no_optuna():
    modules = "model.tuning.command, model.tuning.manager, model.tuning.results, model.cli"
    code = f"import sys, {modules}; print('optuna' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
