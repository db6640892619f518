"""One HTML file that tells a run's whole story, with charts that still answer the mouse, to be read without a network.

Knows runs, Plotly and HTML; knows nothing of Streamlit. Whatever comes from people or files is escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from model.errors import DataError, DigitLabError
from model.evaluation import analysis
from model.evaluation.evaluate import EvaluationResult, stored_result
from model.networks.summary import summary
from model.runs.events import EpochEvent
from model.runs.run import FinishedRun
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.charts import training as training_charts
from pages.ui.components.image_grid import data_uri
from pages.ui.shell import services
from pages.ui.shell.text import in_words

_PAIRS, _SHOWN = 6, 24  # of classes; mistakes

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1d2433; background: #fff; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { line-height: 1.2; overflow-wrap: anywhere; } h2 { margin-top: 2.2rem; }
table { border-collapse: collapse; } th, td { padding: .3rem .9rem .3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #d9dde5; } td + td, th + th { font-variant-numeric: tabular-nums; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); gap: 1rem .5rem; }
figure { margin: 0; text-align: center; font-size: .8rem; } figure img { image-rendering: pixelated; background: #000; }
.note { color: #4c566a; white-space: pre-line; } .wide { overflow-x: auto; }
"""


def training_report(run: FinishedRun, images: np.ndarray | None = None) -> str:
    """Return the report of a complete run as one HTML page, about 5 MB, most of it Plotly itself.

    With the test `images` `(n, h, w, c)` uint8 that it was scored on, its surest mistakes are shown.
    """
    history = run.history()
    body = [
        f"<h1>{escape(run.metadata.name or run.id)}</h1>",
        f'<p class="note">{escape(run.metadata.note)}</p>' if run.metadata.note else "",
        f"<p>{escape(_summary(run))}</p>",
        f"<p>{escape(_how_sure(stored_result(run)))}</p>",
        "<h2>How it learnt</h2><div class='two'>",
        *(
            _chart(go.Figure(training_charts.curve(history, name)), 320, name.capitalize())
            for name in ("loss", "accuracy")
        ),
        "</div>",
        _chart(go.Figure(training_charts.learning_rate(history)), 180, "Learning rate"),
        "<h2>After each epoch</h2>",
        _epochs(history.epochs),
        "<h2>What is taken for what</h2>",
        _confusion(run),
        f"<p>{escape(_confused(run))}</p>",
        _mistakes(run, images) if images is not None else "",
        "<h2>Class by class</h2>",
        _classes(run),
        "<h2>The network</h2>",
        _network(run),
        "<h2>The settings</h2>",
        _table(("Setting", "Value"), _settings(run)),
    ]
    return _page(run.metadata.name or run.id, body)


def _page(title: str, body: Iterable[str]) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Digit Lab</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
        f"<script>{get_plotlyjs()}</script></head><body>{''.join(body)}</body></html>"
    )


def _chart(figure: go.Figure, height: int, title: str) -> str:
    # The template "none" leaves axes without lines, which the app's own chart adds from its theme.
    figure.update_layout(height=height, title=None, font={"family": "system-ui, sans-serif", "size": 13})
    figure.update_xaxes(gridcolor="#e3e6ec").update_yaxes(gridcolor="#e3e6ec")
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False, "responsive": True})
    return f"<div><b>{escape(title)}</b>{drawn}</div>"


def _summary(run: FinishedRun) -> str:
    metrics, outcome = run.metrics, run.outcome
    return (
        f"{run.config.preset} on {run.config.dataset}, {run.state()} after {outcome.epochs} epochs and "
        f"{outcome.seconds:,.0f} s of training. The weights of epoch {run.kept_epoch} are kept: "
        f"{metrics.accuracy:.2%} of {metrics.n:,} test images right, loss {metrics.loss:.4f}, macro precision "
        f"{metrics.macro_precision:.4f}, recall {metrics.macro_recall:.4f}, F1 {metrics.macro_f1:.4f}. "
        f"Begun {run.description.created}; {run.dataset.source}."
    )


def _how_sure(result: EvaluationResult) -> str:
    low, high = result.interval
    interval = (
        f"On all images of the kind its accuracy is probably between {low:.2%} and {high:.2%} (95 % interval, Wilson)."
    )
    if result.calibration_error is None:  # the single predictions are gone; the figures made from them are not
        return interval
    return f"{interval} Expected calibration error: {result.calibration_error:.2%}."


def _confused(run: FinishedRun) -> str:
    names = run.class_names
    pairs = analysis.confused_pairs(run.metrics.confusion, names, _PAIRS)
    return f"Most often confused: {'; '.join(pair.in_words() for pair in pairs)}." if pairs else ""


def _mistakes(run: FinishedRun, images: np.ndarray) -> str:
    names = run.class_names
    figures = (
        f'<figure><img src="{data_uri(images[mistake.index])}" alt="test image {mistake.index}" width="64" height="64">'
        f"<figcaption>{escape(names[mistake.true])} read as {escape(names[mistake.predicted])}<br>"
        f"{mistake.probability:.1%} sure</figcaption></figure>"
        for mistake in run.metrics.mistakes[:_SHOWN]
    )
    return f'<h2>Its surest mistakes</h2><div class="images">{"".join(figures)}</div>'


def _epochs(epochs: Sequence[EpochEvent]) -> str:
    columns = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")
    rows = [[_number(getattr(event, name)) for name in columns] for event in epochs]
    return _table(("Epoch", "Loss", "Accuracy", "Validation loss", "Validation accuracy"), rows)


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "–" if value is None else str(value)


def _confusion(run: FinishedRun) -> str:
    names = run.class_names
    return _chart(evaluation_charts.confusion_matrix(run.metrics.confusion, names, dark=False), 520, "")


def _classes(run: FinishedRun) -> str:
    rows = [
        (row.name, f"{row.precision:.4f}", f"{row.recall:.4f}", f"{row.f1:.4f}", f"{row.support:,}")
        for row in run.metrics.classes
        if row.support
    ]
    return _table(("Class", "Precision", "Recall", "F1", "Images"), rows)


def _network(run: FinishedRun) -> str:
    try:
        layers = summary(run.config.network, run.dataset.image_shape, len(run.dataset.class_names))
    except DigitLabError:  # a preset of another version
        return f"<p>{run.outcome.parameters:,} parameters.</p>"
    rows = [(row.title, " × ".join(map(str, row.shape)), f"{row.parameters:,}") for row in layers]
    return _table(("Layer", "Output", "Parameters"), [*rows, ("All", "", f"{run.outcome.parameters:,}")])


def _settings(run: FinishedRun) -> list[tuple[str, str]]:
    values = run.config.to_dict()
    values |= values.pop("augmentation")
    return [(name.replace("_", " "), in_words(value)) for name, value in values.items()]


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def report(run: FinishedRun) -> str:
    """Return the run's report, with its surest mistakes where the test images are here."""
    try:
        return training_report(run, services.test_images(run))
    except DataError:
        return training_report(run)
