"""The state of a run: a progress bar with a text, and a row of figures.

Knows runs, histories and the queue; controls nothing.
"""

from html import escape

from model.messages import N_
from model.runs.curves import History
from model.runs.events import DownloadingEvent, DrawingEvent, RunState
from model.runs.run import FinishedRun, Run
from pages.ui.components.live_text import html_of
from pages.ui.language import format_number
from pages.ui.shell import services
from pages.ui.shell.durations import duration
from pages.ui.train import help
from pages.ui.translation import _, ngettext, translate

STATES = {
    RunState.QUEUED: N_("queued"),
    RunState.STARTING: N_("starting"),
    RunState.RUNNING: N_("running"),
    RunState.PAUSED: N_("paused"),
    RunState.FINISHING: N_("finishing"),
    RunState.FINISHED: N_("finished"),
    RunState.STOPPED: N_("stopped"),
    RunState.FAILED: N_("failed"),
    RunState.INTERRUPTED: N_("interrupted"),
}


def html(run: Run, state: RunState, history: History) -> str:
    """Return the progress bar and the figures below it."""
    details = _details(run, state, history)
    name = _(STATES[state]).capitalize()
    words = html_of("**{name}**", name=name) + (f" · {details}" if details else "")
    percent = 100 * (1.0 if state is RunState.FINISHED else history.share_done)
    figures = "".join(f"<span>{figure}</span>" for figure in _figures(run, state, history))
    return (
        f'<p class="words">{words}</p><div class="bar" role="progressbar" aria-valuenow="{percent:.0f}" '
        f'aria-label="{escape(name)}"><div style="width: {percent:.2f}%"></div></div><p class="figures">{figures}</p>'
    )


def _figures(run: Run, state: RunState, history: History) -> tuple[str, ...]:
    """Return the figures below the bar, as HTML."""
    total, done = history.total_steps, history.steps_done
    per_second = history.images_per_step * done / history.seconds if history.seconds else 0
    left = (total - done) * history.seconds / done if done and state in (RunState.RUNNING, RunState.PAUSED) else None
    epoch = min(done // max(history.plan.batches_per_epoch, 1) + 1, run.config.epochs) if total else 0
    if isinstance(run, FinishedRun):
        epoch = run.outcome.epochs
    validation = history.epochs[-1].val_accuracy if history.epochs else None
    return (
        html_of(_("Epoch **{epoch} of {epochs}**"), epoch=epoch, epochs=run.config.epochs),
        html_of(_("Images per second **{n}**"), n=format_number(per_second, ",.0f") if per_second else "–"),
        html_of(_("Time left **{time}**"), time=duration(left) if left is not None else "–"),
        html_of(
            _("Validation accuracy **{share}**"),
            share=format_number(validation, ".2%") if validation is not None else "–",
        ),
    )


def _details(run: Run, state: RunState, history: History) -> str:
    """Return what the run is doing, or its result, as HTML."""
    last = history.last
    if isinstance(run, FinishedRun):
        return _result(run, history)
    if state is RunState.QUEUED:
        return _queue_place(run)
    if isinstance(last, DownloadingEvent) and state is RunState.STARTING:
        return html_of(_("downloading {dataset}: {percent}%"), dataset=run.config.dataset, percent=last.percent)
    if isinstance(last, DrawingEvent) and state is RunState.STARTING:
        text = ngettext("{n} training image rendered so far", "{n} training images rendered so far", last.images)
        return html_of(text, n=format_number(last.images, ","))
    if state is RunState.STARTING:
        return html_of(_("loading the images and building the network"))
    if state is RunState.FINISHING:
        return html_of(_("scoring the network on the test images and saving the network of every epoch"))
    if state is RunState.FAILED:
        return html_of(_("see below"))
    if len(history.step):
        text = _("batch {batch} of {batches}")
        return html_of(
            text, batch=format_number(history.steps_done, ","), batches=format_number(history.total_steps, ",")
        )
    return ""


def _queue_place(run: Run) -> str:
    place, wait = services.jobs().queue_position(run.id), services.jobs().estimated_wait(run.id)
    if wait is None:
        return html_of(_(help.QUEUED), place=place)
    return html_of(_(help.QUEUED_WITH_WAIT), place=place, time=duration(wait))


def _result(run: FinishedRun, history: History) -> str:
    is_part = (
        run.state() is RunState.STOPPED and run.kept_epoch * history.plan.batches_per_epoch > history.steps_done > 0
    )
    result = html_of(
        _(help.RESULT_OF_PART if is_part else help.RESULT),
        accuracy=format_number(run.metrics.accuracy, ".2%"),
        n=format_number(run.metrics.n, ","),
        epoch=run.kept_epoch,
        epochs=run.config.epochs,
    )
    return f"{result}. {escape(translate(run.reason), quote=False)}" if run.reason else result
