"""The arrows of the architecture, read from the sources: who may import whom."""

import ast
import sys
from pathlib import Path
from subprocess import run

import pytest

PROJECT = Path(__file__).parent.parent.parent
KERAS_MAY_BE_IN = {"model/networks/keras_models.py", "model/training/loop.py", "model/training/export.py"}
REACH_KERAS_INSIDE_FUNCTIONS = {"model/training/worker.py", "model/cli.py"}
CANVAS_MAY_BE_IN = {"pages/ui/components/canvas.py"}
SOURCES = sorted(
    str(path.relative_to(PROJECT)) for folder in ("model", "pages") for path in (PROJECT / folder).rglob("*.py")
) + ["app.py"]


def imports(source: str) -> set[str]:
    """Return every module that a file imports anywhere, `from a import b` also as a.b."""
    found = set()
    for node in ast.walk(ast.parse((PROJECT / source).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def roots(source: str) -> set[str]:
    return {name.split(".")[0] for name in imports(source)}


def test_there_are_sources_to_read():
    assert {"app.py", "model/training/loop.py", "pages/ui/components/canvas.py"} <= set(SOURCES)


@pytest.mark.parametrize("source", [s for s in SOURCES if s not in KERAS_MAY_BE_IN])
def test_only_architectures_and_training_import_keras(source):
    assert not roots(source) & {"keras", "tensorflow"}


@pytest.mark.parametrize("source", [s for s in SOURCES if s.startswith("model/")])
def test_the_model_knows_neither_streamlit_nor_plotly_nor_pages(source):
    assert not roots(source) & {"streamlit", "plotly", "pages", "streamlit_drawable_canvas"}


@pytest.mark.parametrize(
    "source", [s for s in SOURCES if s == "app.py" or s.count("/") == 1 and s.startswith("pages/")]
)
def test_pages_reach_plotly_only_through_ui(source):
    assert "plotly" not in roots(source)


@pytest.mark.parametrize("source", [s for s in SOURCES if s not in CANVAS_MAY_BE_IN])
def test_only_the_canvas_file_knows_the_drawing_component(source):
    assert "streamlit_drawable_canvas" not in roots(source)


@pytest.mark.parametrize("source", [s for s in SOURCES if not s.startswith("model/")])
def test_no_page_reaches_what_needs_keras(source):
    assert not imports(source) & {"model.training.loop", "model.networks.keras_models", "model.training.worker"}


def test_figures_draw_without_streamlit():
    assert "streamlit" not in roots("pages/ui/charts/common.py")


def test_the_package_itself_imports_nothing():
    assert not imports("model/__init__.py")


def test_nothing_that_the_server_imports_brings_tensorflow_along():
    files = [s for s in SOURCES if s.startswith("model/") and s not in KERAS_MAY_BE_IN]
    modules = [s.removesuffix(".py").replace("/", ".") for s in files if not s.endswith(("__init__.py", "__main__.py"))]
    code = f"import sys\nfor name in {modules}: __import__(name)\nprint({{'tensorflow', 'keras'}} & set(sys.modules))"
    result = run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
