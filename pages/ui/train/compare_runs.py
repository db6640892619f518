"""Up to five runs side by side: their curves in one chart each, and the settings in which they differ.

Knows runs and curves; starts nothing.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from model.config import TrainingConfig
from model.runs.run import Run
from pages.ui.charts import training as training_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.shell import services
from pages.ui.shell.text import created, in_words, plain

_POLL_S = 2.0
_HEIGHT = 320


def show(runs: Sequence[Run]) -> None:
    """Draw the comparison; nothing for fewer than two runs."""
    if len(runs) < 2:
        return
    with st.container(key="train-compare"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.markdown("**Side by side**", width="stretch")
            key = "train-compare-close"
            close = st.toggle(
                "Close up", key=key, persist_state="session", width="content", help=training_charts.CLOSE_UP
            )
        moving = any(services.jobs().state(run).is_active for run in runs)
        st.fragment(_charts, run_every=_POLL_S if moving else None)(runs, close)
        st.caption("Dotted: mean of 50 training batches. With marks: validation after each epoch.")
        _differences(runs)


def _charts(runs: Sequence[Run], close: bool) -> None:
    named = [(f"{number}. {short_title(run)}", run.history()) for number, run in enumerate(runs, 1)]
    for column, name in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        with column:
            st.markdown(f"**{name.capitalize()}**")
            description = f"{name} of {len(runs)} runs: {'; '.join(title for title, _ in named)}"
            live_chart(training_charts.comparison(named, name, close), f"train-compare-{name}", _HEIGHT, description)


def short_title(run: Run) -> str:
    """Name a run in a legend: as its owner called it, else by its network and its time."""
    return run.metadata.name or f"{run.config.preset}, {created(run)}"


def _differences(runs: Sequence[Run]) -> None:
    rows = differences([run.config for run in runs])
    if not rows:
        st.caption(f"Their settings are the same, the seed too{_what_else_differs(runs)}")
        return
    columns = {"Setting": list(rows)}
    for number, run in enumerate(runs):
        title = plain(f"{number + 1}. {short_title(run)}")
        columns[title] = [plain(in_words(values[number])) for values in rows.values()]
    st.markdown("**In which settings they differ**")
    st.table(columns, hide_index=True, border="horizontal")


def _what_else_differs(runs: Sequence[Run]) -> str:
    """End the sentence that their settings are the same with what may make their curves differ all the same."""
    histories = [run.history() for run in runs]
    if any(history.rate_changes for history in histories):
        return "; in some, the learning rate was changed by hand while they ran."
    if len({run.description.dataset.fingerprint for run in runs if run.description.dataset}) > 1:
        return "; their images are not the same."
    return ": as far as both were trained, the curves differ by chance of the machine alone."


def differences(configs: Sequence[TrainingConfig]) -> dict[str, tuple[Any, ...]]:
    """Return the settings that are not the same in all, with each one's value; those of the augmentation by name."""
    flat = [_flat(config) for config in configs]
    return {
        name.replace("_", " "): tuple(values[name] for values in flat)
        for name in flat[0]
        if any(values[name] != flat[0][name] for values in flat)
    }


def _flat(config: TrainingConfig) -> dict[str, Any]:
    values = config.to_dict()
    return values | values.pop("augmentation")
