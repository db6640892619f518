"""The notebook: its script, its committed file with outputs, and its results when it runs from top to bottom."""

import ast
import base64
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from tests.support import ONE, PROJECT, SEVEN

pytestmark = pytest.mark.slow

NOTEBOOK, SCRIPT = PROJECT / "model" / "walkthrough.ipynb", PROJECT / "model" / "walkthrough.py"
PLOTLY, PNG = "application/vnd.plotly.v1+json", "image/png"
MAX_BYTES = 3_000_000
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CODE = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
TEXT = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "markdown"]
OUTPUTS = [output for cell in CELLS for output in cell.get("outputs", [])]
COMMITTED = "".join("".join(output["text"]) for output in OUTPUTS if output.get("name") == "stdout")
HEADINGS = re.findall(r"(?m)^#+ (.*)$", "\n".join(TEXT))
REPOSITORY = re.search(r'REPOSITORY = "(.+)"', CODE[0])[1]


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
    # Two drawings of test writers, and no Kaleido: whoever runs the notebook needs neither it nor Chrome.
    lines = ({"label": label, "writer": "ann", "strokes": strokes} for label, strokes in ((1, ONE), (7, SEVEN)))
    (home / "drawn-digits.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (home / "kaleido.py").write_text("raise ImportError")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE", "KERAS_HOME", "DIGIT_LAB_HOME", "DIGIT_LAB_DATA", "DIGIT_LAB_CACHE"):
            patch.setenv(name, str(home))
        patch.setenv("TMPDIR", str(folder_for_temporary_files))
        patch.setenv("PYTHONPATH", str(home))
        patch.setenv("DIGIT_LAB_NOTEBOOK_DATASET", "uci-digits")
        patch.setenv("DIGIT_LAB_NOTEBOOK_EPOCHS", "1")
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


def charts(outputs):
    """Return every Plotly chart."""
    return [output["data"][PLOTLY] for output in outputs if PLOTLY in output.get("data", {})]


def title_of(chart):
    return chart["layout"]["title"]["text"]


def confusion_counts(outputs):
    """Read the counts from the squares of the chart, each of which has its classes and its number of images."""
    chart = next(chart for chart in charts(outputs) if title_of(chart) == "Confusion matrix")
    squares = chart["data"][-1]
    counts = np.zeros((10, 10), int)
    for (true, predicted), text in zip(squares["customdata"], squares["text"], strict=True):
        counts[true, predicted] = int(text.split()[0].replace(",", ""))
    return counts


# The committed file


def test_the_notebook_and_the_script_have_the_same_cells():
    jupytext = pytest.importorskip("jupytext", reason="jupytext is missing: pip install -r tests/requirements.txt")
    script = [(cell.cell_type, cell.source) for cell in jupytext.read(SCRIPT).cells]
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in CELLS] == script


def test_the_committed_notebook_contains_nothing_of_a_machine():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"] == {
        "jupytext": {"formats": "ipynb,py:percent"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all(cell["metadata"] == {} for cell in CELLS)
    assert str(Path.home()) + "/" not in NOTEBOOK.read_text(encoding="utf-8")


def test_it_was_run_in_order_without_errors():
    counts = [cell["execution_count"] for cell in CELLS if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(CODE) + 1))
    assert {output["output_type"] for output in OUTPUTS} == {"stream", "display_data"}
    assert {output["name"] for output in OUTPUTS if output["output_type"] == "stream"} == {"stdout"}


def test_every_chart_has_a_picture_beside_it():
    shown = [output for output in OUTPUTS if output["output_type"] == "display_data"]
    assert len(shown) >= 19
    for output in shown:
        assert set(output["data"]) == {PLOTLY, PNG}, "and no plotly.js, which has four megabytes"
        layout, picture = (
            output["data"][PLOTLY]["layout"],
            Image.open(io.BytesIO(base64.b64decode(output["data"][PNG]))),
        )
        assert picture.size == (2 * layout["width"], 2 * layout["height"])
        assert output["metadata"] == {PNG: {"width": layout["width"], "height": layout["height"]}}
        assert len(picture.convert("RGB").getcolors(maxcolors=10_000)) > 5, title_of(output["data"][PLOTLY])


def test_it_is_small_enough_for_a_code_host():
    assert NOTEBOOK.stat().st_size < MAX_BYTES


def test_its_outputs_come_from_all_of_mnist():
    assert "training images (60000, 28, 28, 1) uint8" in COMMITTED
    assert "test images     (10000, 28, 28, 1) uint8" in COMMITTED
    assert "55,000 for training, 5,000 for validation" in COMMITTED
    assert number_after("epoch 5: loss", COMMITTED) < number_after("epoch 1: loss", COMMITTED)


def test_its_accuracy_is_that_of_the_classroom_exercise():
    accuracy, counts = number_after("Test accuracy", COMMITTED), confusion_counts(OUTPUTS)
    assert accuracy >= 0.9885
    assert counts.sum() == 10_000
    assert counts.trace() / 10_000 == pytest.approx(accuracy, abs=1e-9)
    misclassified = 10_000 - counts.trace()
    assert f"{misclassified} are misclassified" in COMMITTED
    assert any(title_of(chart) == f"16 of {misclassified} misclassified images" for chart in charts(OUTPUTS))


def test_the_overfitted_network_gets_its_own_images_right():
    own, new = re.search(r"^ +200 images +([\d.]+)% +([\d.]+)%", COMMITTED, re.MULTILINE).groups()
    assert float(own) > 99
    assert float(new) < 95


def test_preparing_a_drawing_well_matters():
    whole, prepared = number_after("the whole canvas", COMMITTED), number_after("MNIST's method", COMMITTED)
    assert prepared > 90 > 60 > whole


def test_no_measured_figure_is_typed_in_its_text():
    assert re.findall(r".*\d ?%.*|.*\b\d+\.\d.*", "\n".join(TEXT)) == []


def test_every_heading_is_in_english_and_spanish():
    pairs = [re.fullmatch(r"(?:\d+\. )?(.+) · \*(.+)\*", heading) for heading in HEADINGS]
    assert all(pairs)
    spanish = "\n".join(pair[2] for pair in pairs).casefold()
    terms = (
        "exactitud, pérdida, precisión, exhaustividad, matriz de confusión, sobreajuste, aumento de datos, validación"
    )
    assert [term for term in terms.split(", ") if term not in spanish] == []


def test_its_sections_are_numbered_and_exist():
    numbers = [int(number) for number in re.findall(r"(?m)^## (\d+)\.", "\n".join(TEXT))]
    assert numbers == list(range(1, len(numbers) + 1))
    mentioned = {int(number) for number in re.findall(r"section (\d+)", "\n".join(TEXT))}
    assert mentioned and mentioned <= set(numbers)


def test_the_readmes_badge_opens_it_from_the_same_address():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    owner_and_name = REPOSITORY.removeprefix("https://github.com/")
    assert f"https://colab.research.google.com/github/{owner_and_name}/blob/main/model/walkthrough.ipynb" in readme


def test_it_imports_only_what_the_app_requires():
    nodes = [node for source in CODE for node in ast.walk(ast.parse(source))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert packages == {"keras", "numpy", "plotly", "model", "pages"}


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
    source = CODE[0].replace(REPOSITORY, "https://github.com/YOUR-NAME/digit-lab")
    ran = subprocess.run([sys.executable, "-IB", "-c", source], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "FileNotFoundError" in ran.stderr
    assert str(tmp_path.resolve()) in ran.stderr


@pytest.mark.skipif(not shutil.which("git"), reason="git is missing: apt-get install git")
def test_outside_the_project_it_fetches_it_once(tmp_path):
    published, elsewhere = tmp_path / "published", tmp_path / "elsewhere"
    (published / "model").mkdir(parents=True)
    elsewhere.mkdir()
    (published / "model" / "walkthrough.py").write_text("")
    (published / "requirements.txt").write_text("# Nothing to install.\n")
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "Publish"]):
        subprocess.run(["git", *command], cwd=published, check=True)
    source = CODE[0].replace(REPOSITORY, published.as_uri()) + "\nprint(sys.path[0])"
    for _ in range(2):
        ran = subprocess.run([sys.executable, "-IB", "-c", source], cwd=elsewhere, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.splitlines()[-1] == str(elsewhere.resolve() / "digit-lab")
        shutil.rmtree(published, ignore_errors=True)  # the second run fetches nothing


# A run from top to bottom


def test_it_runs_from_top_to_bottom_without_errors(executed):
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


def test_every_chart_is_drawn_without_kaleido(executed):
    shown = [output for cell in executed.cells for output in cell.get("outputs", [])]
    titles = [title_of(chart) for chart in charts(shown)]
    assert len(titles) == len(set(titles)) == len(charts(OUTPUTS))
    assert all(go.Figure(data=chart["data"], layout=chart["layout"]).data for chart in charts(shown))
    assert not [output for output in shown if PNG in output.get("data", {})]


def test_one_epoch_gives_an_accuracy_above_two_thirds(printed):
    assert 2 / 3 < number_after("Test accuracy", printed) < 1


def test_the_confusion_matrix_agrees_with_the_accuracy(executed, printed):
    counts = confusion_counts([output for cell in executed.cells for output in cell.get("outputs", [])])
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


def test_an_untrained_network_guesses(printed):
    assert number_after("before the training: loss", printed) == pytest.approx(np.log(10), abs=0.1)
    assert number_after("loss without normalizing", printed) > 5


def test_a_few_images_are_memorized(printed):
    own, new = re.search(r"^ +200 images +([\d.]+)% +([\d.]+)%", printed, re.MULTILINE).groups()
    assert float(own) > float(new) + 2


def test_the_best_trial_has_the_best_validation_accuracy(printed):
    tried = re.findall(r"^trial (\d): learning rate (\S+), dropout (\S+) +validation accuracy (\S+)$", printed, re.M)
    assert len(tried) == 2
    assert all(0.0001 <= float(rate) <= 0.03 and 0 <= float(dropout) <= 0.5 for _number, rate, dropout, _value in tried)
    accuracies = {int(number): float(accuracy) for number, _rate, _dropout, accuracy in tried}
    best = int(re.search(r"^Trial (\d) is the best of 2", printed, re.MULTILINE)[1])
    assert accuracies[best] == max(accuracies.values())


def test_it_reads_the_drawings_in_the_data_folder(printed):
    assert re.search(r"^MNIST's method +[\d.]+% correct \(drawings: 2\)$", printed, re.MULTILINE)


def test_it_deletes_its_temporary_files(executed, folder_for_temporary_files):
    assert not list(folder_for_temporary_files.glob("digit-lab-*"))
