"""The notebook: its code, its committed file, and its results when it runs from top to bottom."""

import ast
import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support import PROJECT

pytestmark = pytest.mark.slow

NOTEBOOK = PROJECT / "model" / "walkthrough.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CODE = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def folder_for_temporary_files(tmp_path_factory):
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def executed(tmp_path_factory, folder_for_temporary_files):
    """The notebook after it ran on scikit-learn's digits, in the folder where Jupyter would start it."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is missing: pip install -r tests/requirements.txt")
    pytest.importorskip("ipykernel", reason="ipykernel is missing: pip install -r tests/requirements.txt")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is missing: pip install -r tests/requirements.txt")
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE", "KERAS_HOME", "DIGIT_LAB_HOME", "DIGIT_LAB_DATA", "DIGIT_LAB_CACHE"):
            patch.setenv(name, str(home))
        patch.setenv("TMPDIR", str(folder_for_temporary_files))
        patch.setenv("DIGIT_LAB_NOTEBOOK_DATASET", "uci-digits")
        patch.setenv("DIGIT_LAB_NOTEBOOK_EPOCHS", "2")
        patch.delenv("PLOTLY_RENDERER", raising=False)
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
        nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    return notebook


@pytest.fixture(scope="module")
def printed(executed):
    """Everything that the notebook printed."""
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def number_after(label, printed):
    found = re.search(re.escape(label) + r"\s+([\d.]+(?:e[+-]\d+)?)", printed)
    assert found, f"{label!r} was not printed"
    return float(found[1])


def confusion_counts(notebook):
    """Read the counts from the Plotly figure, which packs arrays as base64."""
    cell = next(cell for cell in notebook.cells if "confusion = go.Figure" in cell.source)
    counts = cell.outputs[0].data["application/vnd.plotly.v1+json"]["data"][0]["text"]
    if isinstance(counts, dict):
        packed = np.frombuffer(base64.b64decode(counts["bdata"]), dtype=counts["dtype"])
        counts = packed.reshape([int(side) for side in counts["shape"].split(",")])
    return np.asarray(counts).astype(int)


# The committed file


def test_the_committed_notebook_contains_no_outputs():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_it_imports_only_what_the_app_requires():
    nodes = [node for source in CODE for node in ast.walk(ast.parse(source))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert packages == {"keras", "numpy", "plotly", "model"}


def test_there_are_never_three_code_cells_in_a_row():
    kinds = " ".join(cell["cell_type"] for cell in CELLS)
    assert kinds.startswith("markdown")
    assert "code code code" not in kinds


@pytest.mark.parametrize("start", [".", "model", "tests/model"])
def test_it_finds_the_project_from_any_of_its_folders(start):
    source = CODE[0] + "\nimport model\nprint(model.__file__)"
    ran = subprocess.run(
        [sys.executable, "-IB", "-c", source], cwd=PROJECT / start, capture_output=True, text=True, check=True
    )
    assert Path(ran.stdout.strip()) == PROJECT / "model" / "__init__.py"


def test_outside_the_project_it_raises_a_helpful_error(tmp_path):
    ran = subprocess.run([sys.executable, "-IB", "-c", CODE[0]], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "FileNotFoundError" in ran.stderr
    assert str(tmp_path.resolve()) in ran.stderr


# A run from top to bottom


def test_it_runs_from_top_to_bottom_without_errors(executed):
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


def test_every_chart_is_drawn_by_plotly(executed):
    charts = [
        output.data["application/vnd.plotly.v1+json"]
        for cell in executed.cells
        for output in cell.get("outputs", [])
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]
    titles = [chart["layout"]["title"]["text"] for chart in charts]
    assert len(titles) == len(set(titles)) == 9
    assert all(chart["data"] for chart in charts)


def test_two_epochs_give_an_accuracy_above_four_fifths(printed):
    assert 0.8 < number_after("Test accuracy", printed) < 1


def test_the_confusion_matrix_agrees_with_the_accuracy(executed, printed):
    counts = confusion_counts(executed)
    assert counts.sum() == 360
    assert counts.trace() / counts.sum() == pytest.approx(number_after("Test accuracy", printed), abs=5e-5)


def test_no_image_is_used_for_both_training_and_validation(printed):
    assert number_after("in both:", printed) == 0


def test_our_parameter_count_equals_that_of_keras(printed):
    ours, theirs = re.search(r"our total ([\d,]+), Keras's ([\d,]+)", printed).groups()
    assert ours == theirs == "225,034"


def test_sparse_and_one_hot_labels_give_the_same_loss(printed):
    sparse, one_hot = re.findall(r"^(?:sparse|one-hot) .*loss ([\d.]+)$", printed, re.MULTILINE)
    assert float(sparse) == pytest.approx(float(one_hot), abs=2e-6)


def test_a_saved_and_loaded_network_predicts_the_same(printed):
    assert number_after("Largest difference between saved and loaded", printed) < 1e-6


def test_keras_and_litert_give_the_same_probabilities(printed):
    assert number_after("Largest difference between Keras and LiteRT", printed) < 1e-4
    assert number_after("Same predictions", printed) == 100


def test_the_shipped_network_reads_the_notebooks_seven(printed):
    assert re.search(r"^The shipped network reads 7, .*, accepted: True$", printed, re.MULTILINE)


def test_the_learning_rate_is_chosen_by_validation_accuracy(printed):
    tried = re.findall(r"^trial (\d): learning rate (\S+), validation accuracy (\S+)$", printed, re.MULTILINE)
    accuracies = {int(number): float(accuracy) for number, _rate, accuracy in tried}
    assert {float(rate) for _number, rate, _accuracy in tried} == {0.0003, 0.003}
    best = int(re.search(r"^Trial (\d) is the best of 2", printed, re.MULTILINE)[1])
    assert accuracies[best] == max(accuracies.values())


def test_it_deletes_its_temporary_files(executed, folder_for_temporary_files):
    assert not list(folder_for_temporary_files.glob("digit-lab-*"))
