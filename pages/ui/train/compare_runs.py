"""A comparison of up to five runs: their curves in one chart each, and the settings in which they differ.

Knows runs and curves; starts nothing.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from model.config import TrainingConfig
from model.runs.run import Run
from pages.ui.charts import training as training_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.shell import labels, services
from pages.ui.shell.text import created, in_words, name_of, plain
from pages.ui.train import help
from pages.ui.translation import _

_POLL_S = 2.0
_HEIGHT = 320


def show(runs: Sequence[Run]) -> None:
    """Draw the comparison; nothing for fewer than two runs."""
    if len(runs) < 2:
        return
    with st.container(key="train-compare"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.markdown(_("**Comparison**"), width="stretch")
            key = "train-compare-close"
            zoomed = st.toggle(_("Zoom in"), key=key, persist_state="session", width="content", help=_(help.ZOOM_IN))
        moving = any(services.jobs().state(run).is_active for run in runs)
        st.fragment(_charts, run_every=_POLL_S if moving else None)(runs, zoomed)
        st.caption(_("Dotted: training, mean of 50 batches. With markers: validation, after each epoch."))
        _differences(runs)


def _charts(runs: Sequence[Run], zoomed: bool) -> None:
    named = [(f"{number}. {short_title(run)}", run.history()) for number, run in enumerate(runs, 1)]
    for column, name in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        with column:
            curve = _(training_charts.TITLES[name])
            st.markdown(f"**{curve}**")
            description = _("{curve} of these runs: {runs}")
            live_chart(
                training_charts.comparison(named, name, zoomed),
                f"train-compare-{name}",
                _HEIGHT,
                description.format(curve=curve, runs="; ".join(title for title, history in named)),
            )


def short_title(run: Run) -> str:
    """Return the name of a run in a legend: its owner's choice, or its network and date."""
    return name_of(run) or f"{labels.option(run.config.preset)}, {created(run)}"


def _differences(runs: Sequence[Run]) -> None:
    rows = differences([run.config for run in runs])
    if not rows:
        st.caption(_same_settings(runs))
        return
    columns = {_("Setting"): [labels.setting(name) for name in rows]}
    for number, run in enumerate(runs):
        title = plain(f"{number + 1}. {short_title(run)}")
        columns[title] = [plain(_value(values[number])) for values in rows.values()]
    st.markdown(_("**Different settings**"))
    st.table(columns, hide_index=True, border="horizontal")


def _value(value: Any) -> str:
    return labels.option(value) if isinstance(value, str) else in_words(value)


def _same_settings(runs: Sequence[Run]) -> str:
    """Return the sentence for runs with the same settings: why their curves can differ all the same."""
    histories = [run.history() for run in runs]
    if any(history.rate_changes for history in histories):
        return _(help.SAME_SETTINGS_OTHER_RATE)
    if len({run.description.dataset.fingerprint for run in runs if run.description.dataset}) > 1:
        return _(help.SAME_SETTINGS_OTHER_IMAGES)
    return _(help.SAME_SETTINGS)


def differences(configs: Sequence[TrainingConfig]) -> dict[str, tuple[Any, ...]]:
    """Return the settings that aren't the same in all configs, each with its values; augmentation is split up."""
    flat = [_flat(config) for config in configs]
    return {
        name: tuple(values[name] for values in flat)
        for name in flat[0]
        if any(values[name] != flat[0][name] for values in flat)
    }


def _flat(config: TrainingConfig) -> dict[str, Any]:
    values = config.to_dict()
    return values | values.pop("augmentation")
