"""Renew the notebook from its script, with outputs and a static picture beside each interactive chart.

    DIGIT_LAB_DATA=../shared/data python -m tests.walkthrough [--text] [--output FILE]

Edit `model/walkthrough.py`, then run this: it writes `model/walkthrough.ipynb`. All cells are run in order, which takes
about ten minutes with MNIST. With `--text`, the outputs stay as they are; that works if only the text has changed.

A code host shows pictures, but runs no JavaScript, so each output that contains a Plotly chart also gets a PNG. Kaleido
draws them with Chromium or Chrome (the environment variable BROWSER_PATH names another one). The notebook itself needs
neither.
"""

import argparse
import base64
import io
import os
import re
import sys
from pathlib import Path
from typing import Any

import jupytext
import kaleido
import nbclient
import nbformat
import plotly.graph_objects as go
from PIL import Image

from tests.support import PROJECT

SCRIPT, NOTEBOOK = PROJECT / "model" / "walkthrough.py", PROJECT / "model" / "walkthrough.ipynb"
PLOTLY, PNG = "application/vnd.plotly.v1+json", "image/png"
MAX_BYTES = 3_000_000
_SCALE = 2  # pixels of a picture for each of the chart's, for sharp text on today's screens
_COLOURS = 128  # of a picture; charts have few, and digits are grey
_CELL_TIMEOUT_S = 3600


def main() -> None:
    """Renew the notebook."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", action="store_true", help="keep the outputs: only the text has changed")
    parser.add_argument("--output", type=Path, default=NOTEBOOK, help="the file to write (default: the notebook)")
    chosen = parser.parse_args()
    notebook = from_script()
    if chosen.text:
        _copy_outputs(nbformat.read(NOTEBOOK, as_version=4), notebook)
    else:
        run(notebook)
        add_pictures(notebook)
    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    if len(text) > MAX_BYTES:
        sys.exit(f"The notebook has {len(text):,} bytes, more than {MAX_BYTES:,}. Draw fewer or smaller charts.")
    chosen.output.write_text(text, encoding="utf-8")
    print(f"{chosen.output}: {len(text):,} bytes")


def from_script() -> Any:
    """Return the notebook without outputs, as the script describes it."""
    notebook = jupytext.read(SCRIPT)
    for number, cell in enumerate(notebook.cells, 1):
        cell.id, cell.metadata = f"cell-{number:02}", {}
    notebook.metadata = {
        "jupytext": {"formats": "ipynb,py:percent"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def run(notebook: Any) -> None:
    """Run all cells in a new kernel, in the folder where Jupyter would start it."""
    os.environ["PLOTLY_RENDERER"] = "plotly_mimetype"  # without plotly.js, which has four megabytes
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    metadata = dict(notebook.metadata)
    client = nbclient.NotebookClient(
        notebook,
        timeout=_CELL_TIMEOUT_S,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
        on_cell_executed=lambda cell, cell_index, execute_reply: print(f"cell {cell_index + 1}", flush=True),
    )
    client.execute()
    notebook.metadata = metadata  # without the versions of this machine
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_noise(output)]


def _is_noise(output: Any) -> bool:
    """Return whether an output is one of TensorFlow's notes on this machine, or an empty line of Keras's summary."""
    return output.get("name") == "stderr" or output.get("data", {}).get("text/plain", "-").strip() == ""


def add_pictures(notebook: Any) -> None:
    """Add a PNG of the same size to each output that contains a Plotly chart."""
    kaleido.start_sync_server(silence_warnings=True)
    try:
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                if PLOTLY in output.get("data", {}):
                    _add_picture(output)
    finally:
        kaleido.stop_sync_server()


def _add_picture(output: Any) -> None:
    chart = output["data"][PLOTLY]
    figure = go.Figure(data=chart["data"], layout=chart["layout"])
    picture = kaleido.calc_fig_sync(
        figure.to_dict(),
        opts={"format": "png", "scale": _SCALE, "width": figure.layout.width, "height": figure.layout.height},
    )
    output["data"][PNG] = base64.b64encode(_smaller(picture)).decode()
    output["metadata"] = {PNG: {"width": figure.layout.width, "height": figure.layout.height}}


def _smaller(picture: bytes) -> bytes:
    """Return the same PNG with a palette, which takes a third of the bytes."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _copy_outputs(old: Any, new: Any) -> None:
    """Copy the outputs of the code cells, if they still have the same sources."""
    before, after = ([cell for cell in notebook.cells if cell.cell_type == "code"] for notebook in (old, new))
    if list(map(_code, before)) != list(map(_code, after)):
        sys.exit("The code has changed, so its outputs may have, too. Run this again without --text.")
    for one, other in zip(before, after, strict=True):
        other.outputs, other.execution_count = one.outputs, one.execution_count


def _code(cell: Any) -> str:
    """Return a cell's source without the project's address, which is used only where there is no project yet."""
    return re.sub(r"(?m)^REPOSITORY = .*$", "", cell.source)


if __name__ == "__main__":
    main()
