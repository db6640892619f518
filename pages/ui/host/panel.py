"""What this server is doing: memory, processor, visitors and trainings, updated every two seconds.

Knows the job manager and what its processes use; the runs on disk are in `disk`.
"""

from contextlib import suppress

import streamlit as st

from model.errors import DigitLabError, SchedulerError
from model.jobs.usage import Usage
from model.runs.events import RunState
from model.runs.run import Run
from model.training.commands import Command, CommandName
from pages.ui.host import help
from pages.ui.language import format_number
from pages.ui.shell import permission, services
from pages.ui.shell.text import markdown, plain, run_title
from pages.ui.translation import _, ngettext, translate

_UPDATE_S = 2.0
_BUTTON_WIDTH = 170  # pixels: with labels of different lengths, the bars of all trainings have the same length
# Figures that fit into their cards; on a phone, the bar of a training above its buttons.
_STYLE = """<style>
.st-key-host-cards [data-testid="stMetricValue"] { font-size: 1.6rem; }
.st-key-host-cards [data-testid="stProgress"] { margin-top: -.75rem; }
@media (max-width: 640px) { [class*="st-key-host-training-"] > :first-child { flex-basis: 100%; } }
</style>"""


def show() -> None:
    """Draw the panel and update it while the page is open."""
    st.fragment(_draw, run_every=_UPDATE_S)()


def _draw() -> None:
    if not permission.is_teacher():  # the server has restarted, and no longer knows the key of this tab
        st.rerun()
    usage = services.usage().measure()
    st.html(_STYLE)
    with st.container(key="host-cards"):
        for column, card in zip(st.columns(3), (_memory, _processor, _visitors), strict=True):
            with column, st.container(border=True, height="stretch", gap="small"):
                card(usage)
    _trainings(usage)


def _memory(usage: Usage) -> None:
    memory = usage.memory
    text = _("{used} of {total} GB").format(
        used=format_number(memory.used / 1e9, ".2f"), total=format_number(memory.total / 1e9, ".2f")
    )
    with st.container(key="host-memory"):
        st.metric(_("Memory"), text, help=_(help.MEMORY))
        st.progress(_share(memory.used, memory.total))
    trainings = [worker.resident for run_id, worker in usage.workers.items() if run_id]
    figures = [_("Server **{n} MB**").format(n=_megabytes(usage.server.resident))]
    if trainings:
        figures.append(_("Trainings **{n} MB**").format(n=_megabytes(sum(trainings))))
    if "" in usage.workers:
        figures.append(_("Waiting worker **{n} MB**").format(n=_megabytes(usage.workers[""].resident)))
    st.caption(" · ".join(figures))


def _processor(usage: Usage) -> None:
    used, server = usage.cores, usage.server.cores
    text = ngettext("{used} of {n} core", "{used} of {n} cores", usage.n_cores)
    with st.container(key="host-processor"):
        shown = text.format(used=format_number(used, ".1f") if used is not None else "–", n=usage.n_cores)
        st.metric(_("Processor"), shown, help=_(help.PROCESSOR))
        st.progress(_share(used or 0.0, usage.n_cores))
    if used is not None and server is not None:
        text = _("Server **{server}** · Workers **{workers}**")
        st.caption(
            text.format(server=format_number(server, ".2f"), workers=format_number(max(used - server, 0.0), ".2f"))
        )


def _visitors(usage: Usage) -> None:
    n = services.n_visitors()
    with st.container(key="host-visitors"):
        st.metric(_("Visitors"), "–" if n is None else format_number(n, ","), help=_(help.VISITORS))
    st.caption(_("Browser tabs that are open now"))


def _trainings(usage: Usage) -> None:
    active, limits = services.jobs().active(), services.limits()
    waiting = sum(services.jobs().queue_position(run_id) > 0 for run_id in active)
    st.subheader(_("Trainings"))
    with st.container(key="host-trainings"):
        if not active:
            st.markdown(_(help.NO_TRAINING))
        for run_id in active:
            with suppress(DigitLabError):  # the run has just been deleted
                _training(services.store().open(run_id), usage)
        text = _("**{running}** of {most_running} running, **{waiting}** of {most_waiting} in the queue")
        st.caption(
            text.format(
                running=len(active) - waiting,
                most_running=services.jobs().slots(),
                waiting=waiting,
                most_waiting=limits.waiting,
            )
        )


def _training(run: Run, usage: Usage) -> None:
    """Draw one training with its progress and a button that stops it or removes it from the queue."""
    state, worker = services.jobs().state(run), usage.workers.get(run.id)
    details = [f"**{translate(state).capitalize()}**", plain(run_title(run))]
    if worker:
        details.append(_("{n} MB").format(n=_megabytes(worker.resident)))
    with st.container(key=f"host-training-{run.id}", horizontal=True, vertical_alignment="center"):
        st.progress(run.history().share_done, text=" · ".join(details), width="stretch")
        st.page_link("pages/train.py", label=_("Open"), query_params={"run": run.id}, width="content")
        label = _("Leave the queue") if state is RunState.QUEUED else _("Stop")
        is_over = state is RunState.FINISHING
        if st.button(label, key=f"host-stop-{run.id}", icon=":material/stop:", disabled=is_over, width=_BUTTON_WIDTH):
            try:
                services.jobs().send(run.id, Command(CommandName.STOP, reason=help.STOPPED))
            except SchedulerError as error:
                st.toast(markdown(error), icon=":material/warning:")
                return
            st.rerun()


def _megabytes(n_bytes: int) -> str:
    return format_number(n_bytes / 1e6, ",.0f")


def _share(part: float, whole: float) -> float:
    return min(max(part / whole, 0.0), 1.0) if whole else 0.0
