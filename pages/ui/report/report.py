"""A report on a run: one HTML file with interactive charts, which can be read offline.

Knows runs, Plotly and HTML; draws nothing with Streamlit. Everything that comes from people or files is escaped.
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
from model.results import Mistake
from model.runs.events import EpochEvent
from model.runs.run import FinishedRun
from pages.ui import language
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.charts import training as training_charts
from pages.ui.components.image_grid import data_uri
from pages.ui.language import format_number
from pages.ui.shell import services
from pages.ui.shell.labels import settings_table
from pages.ui.shell.text import percent
from pages.ui.translation import _, class_label, translate

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
    """Return the report on a finished run as one HTML page of about 5 MB, most of it Plotly itself.

    With the test `images` `(n, h, w, c)` uint8 that the run was scored on, it shows the most confident mistakes.
    """
    history = run.history()
    body = [
        f"<h1>{escape(run.metadata.name or run.id)}</h1>",
        f'<p class="note">{escape(run.metadata.note)}</p>' if run.metadata.note else "",
        f"<p>{escape(_summary(run))}</p>",
        f"<p>{escape(_reliability(stored_result(run)))}</p>",
        heading(_("Training curves")),
        "<div class='two'>",
        chart(go.Figure(training_charts.curve(history, "loss")), 320, _("Loss")),
        chart(go.Figure(training_charts.curve(history, "accuracy")), 320, _("Accuracy")),
        "</div>",
        chart(go.Figure(training_charts.learning_rate(history)), 180, _("Learning rate")),
        heading(_("Metrics after each epoch")),
        _epochs(history.epochs),
        heading(_("Confusion matrix")),
        _confusion(run),
        f"<p>{escape(_confusions(run))}</p>",
        _mistakes(run, images) if images is not None else "",
        heading(_("Metrics per class")),
        _classes(run),
        heading(_("Network")),
        _network(run),
        heading(_("Settings")),
        table((_("Setting"), _("Value")), _settings(run)),
    ]
    return page(run.metadata.name or run.id, body)


def heading(text: str) -> str:
    """Return a heading of a section."""
    return f"<h2>{escape(text)}</h2>"


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole HTML page that needs no network; `body` is HTML."""
    return (
        f'<!doctype html><html lang="{language.tag(language.current())}"><head><meta charset="utf-8">'
        f"<title>{escape(title)} · Digit Lab</title>"
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
        f"<script>{get_plotlyjs()}</script></head><body>{''.join(body)}</body></html>"
    )


def chart(figure: go.Figure, height: int, title: str) -> str:
    """Return a figure of `height` pixels as HTML for a page that includes Plotly."""
    # The template "none" leaves axes without lines, which the app's own chart adds from its theme.
    figure.update_layout(
        height=height, title=None, separators=language.separators(), font={"family": "system-ui,sans-serif", "size": 13}
    )
    figure.update_xaxes(gridcolor="#e3e6ec").update_yaxes(gridcolor="#e3e6ec")
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, config={"displaylogo": False, "responsive": True})
    return f"<div><b>{escape(title)}</b>{drawn}</div>"


def _summary(run: FinishedRun) -> str:
    metrics, outcome = run.metrics, run.outcome
    sentences = (
        _("{network} on {dataset}, trained for {seconds} s. The final weights are those of epoch {epoch} of {epochs}."),
        _("{correct} of {n} test images are classified correctly."),
        _("Loss {loss}; means of the classes: precision {precision}, recall {recall}, F1 {f1}."),
        _("Started {created}. Dataset: {source}."),
    )
    return " ".join(sentences).format(
        network=_("Custom network") if run.config.design else run.config.preset,
        dataset=run.config.dataset,
        seconds=format_number(outcome.seconds, ",.0f"),
        epoch=run.kept_epoch,
        epochs=outcome.epochs,
        correct=format_number(metrics.accuracy, ".2%"),
        n=format_number(metrics.n, ","),
        loss=format_number(metrics.loss, ".4f"),
        precision=format_number(metrics.macro_precision, ".4f"),
        recall=format_number(metrics.macro_recall, ".4f"),
        f1=format_number(metrics.macro_f1, ".4f"),
        created=run.description.created,
        source=run.dataset.source,
    )


def _reliability(result: EvaluationResult) -> str:
    low, high = result.interval
    interval = _(
        "On new images of the same kind, the accuracy is probably between {low} and {high} (95% confidence interval)."
    )
    interval = interval.format(low=format_number(low, ".2%"), high=format_number(high, ".2%"))
    if result.calibration_error is None:  # the single predictions are missing; the metrics computed from them aren't
        return interval
    error = _("Calibration error (ECE): {error}.").format(error=format_number(result.calibration_error, ".2%"))
    return f"{interval} {error}"


def _confusions(run: FinishedRun) -> str:
    pairs = analysis.confused_pairs(run.metrics.confusion, _names(run), _PAIRS)
    if not pairs:
        return ""
    return _("Most common confusions: {pairs}.").format(pairs="; ".join(translate(pair.in_words()) for pair in pairs))


def _mistakes(run: FinishedRun, images: np.ndarray) -> str:
    names = _names(run)
    figures = (_mistake(mistake, images[mistake.index], names) for mistake in run.metrics.mistakes[:_SHOWN])
    return heading(_("Most confident mistakes")) + f'<div class="images">{"".join(figures)}</div>'


def _mistake(mistake: Mistake, image: np.ndarray, names: Sequence[str]) -> str:
    alt = _("Test image {index}").format(index=mistake.index)
    classes = _("{true} predicted as {predicted}").format(true=names[mistake.true], predicted=names[mistake.predicted])
    confidence = _("confidence {confidence}").format(confidence=percent(mistake.probability))
    return (
        f'<figure><img src="{data_uri(image)}" alt="{escape(alt)}" width="64" height="64">'
        f"<figcaption>{escape(classes)}<br>{escape(confidence)}</figcaption></figure>"
    )


def _names(run: FinishedRun) -> list[str]:
    return [class_label(name) for name in run.class_names]


def _epochs(epochs: Sequence[EpochEvent]) -> str:
    columns = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")
    rows = [[_number(getattr(event, name)) for name in columns] for event in epochs]
    return table((_("Epoch"), _("Loss"), _("Accuracy"), _("Validation loss"), _("Validation accuracy")), rows)


def _number(value: object) -> str:
    return format_number(value, ".4f") if isinstance(value, float) else "–" if value is None else str(value)


def _confusion(run: FinishedRun) -> str:
    return chart(evaluation_charts.confusion_matrix(run.metrics.confusion, _names(run), dark=False), 520, "")


def _classes(run: FinishedRun) -> str:
    rows = [
        (
            class_label(row.name),
            format_number(row.precision, ".4f"),
            format_number(row.recall, ".4f"),
            format_number(row.f1, ".4f"),
            format_number(row.support, ","),
        )
        for row in run.metrics.classes
        if row.support
    ]
    return table((_("Class"), _("Precision"), _("Recall"), _("F1"), _("Images")), rows)


def _network(run: FinishedRun) -> str:
    try:
        layers = summary(run.config.network, run.dataset.image_shape, len(run.dataset.class_names))
    except DigitLabError:  # a preset of another version
        text = _("{n} parameters.").format(n=format_number(run.outcome.parameters, ","))
        return f"<p>{escape(text)}</p>"
    rows = [
        (translate(row.title), " × ".join(map(str, row.shape)), format_number(row.parameters, ",")) for row in layers
    ]
    total = (_("Total"), "", format_number(run.outcome.parameters, ","))
    return table((_("Layer"), _("Output"), _("Parameters")), [*rows, total])


def _settings(run: FinishedRun) -> list[tuple[str, str]]:
    values = run.config.to_dict()
    values |= values.pop("augmentation")
    return settings_table(values)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as HTML; its texts are escaped."""
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def report(run: FinishedRun) -> str:
    """Return the report on a run, with its most confident mistakes if the test images are available."""
    try:
        return training_report(run, services.test_images(run))
    except DataError:
        return training_report(run)
