"""The settings of a search, as widgets. Knows Streamlit and settings; starts nothing."""

from dataclasses import replace
from typing import Any

import streamlit as st

from model.config import TrainingConfig, settings_from
from model.errors import ConfigError, DigitLabError
from model.messages import N_
from model.training.recipes import RECIPES
from model.tuning.options import OBJECTIVES, SAMPLERS
from model.tuning.settings import MAX_TRIALS, TuningSettings, check
from model.tuning.space import CHOICES_OF_WORDS, NAMES, USUAL, Choices, Dimension, parse
from pages.ui import glossary
from pages.ui.charts.tuning import OBJECTIVES as OBJECTIVE_TITLES
from pages.ui.charts.tuning import PARAMETERS
from pages.ui.shell import services, session
from pages.ui.shell.text import markdown, plain
from pages.ui.translation import _, translate
from pages.ui.tune import help

_LINKED = "linked"  # instead of a recipe: the settings of a link
METHODS = {"grid": N_("Grid"), "random": N_("Random"), "tpe": N_("TPE")}
_SHORT_OBJECTIVES = {"accuracy": N_("Accuracy"), "loss": N_("Loss")}


def settings_controls() -> TuningSettings | None:
    """Draw the settings; return them, or None, with the reason on the page, if they can't work."""
    base = _base_control()
    space = _space_control()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        trials = st.number_input(
            _("Trials"),
            1,
            MAX_TRIALS,
            12,
            key="tune-trials",
            persist_state="session",
            help=glossary.explain("Trial"),
            width=120,
        )
        minutes = st.number_input(
            _("Minutes at most"),
            0.0,
            600.0,
            0.0,
            step=1.0,
            format="%g",
            key="tune-minutes",
            persist_state="session",
            help=_(help.MINUTES),
            width=140,
        )
    sampler = st.segmented_control(
        _("Method"),
        SAMPLERS,
        default="tpe",
        key="tune-sampler",
        format_func=lambda name: _(METHODS[name]),
        required=True,
        help=" ".join(
            (
                glossary.explain("Grid search"),
                glossary.explain("Random search"),
                glossary.explain("TPE"),
                _(help.METHOD),
            )
        ),
    )
    objective = st.segmented_control(
        _("Compare by"),
        OBJECTIVES,
        default="accuracy",
        key="tune-objective",
        format_func=lambda name: _(_SHORT_OBJECTIVES[name]),
        required=True,
        help=_(help.OBJECTIVE),
    )
    st.caption(_(help.OBJECTIVE))
    pruned = st.toggle(
        _("Stop bad trials early"),
        True,
        key="tune-pruner",
        persist_state="session",
        help=f"{glossary.explain('Pruning')} {_(help.PRUNER)}",
    )
    seed = st.number_input(
        _("Seed"), 0, 9999, 0, key="tune-seed", persist_state="session", help=glossary.explain("Seed"), width=120
    )
    if space is None:
        return None
    options: dict[str, Any] = {"sampler": sampler, "pruner": "median" if pruned else "none", "objective": objective}
    try:
        config = replace(base, seed=seed)
        settings = TuningSettings(config, space, trials=trials, minutes=float(minutes), seed=seed, **options)
        check(settings, services.limits())
    except DigitLabError as error:
        st.warning(markdown(error))
        return None
    return settings


def use_settings_in_link() -> None:
    """Take the settings in a link, once, as those that don't vary."""
    text = st.query_params.pop("settings", None)
    if text is not None:
        try:
            session.set_linked_settings(settings_from(text))
        except ConfigError as error:
            st.warning(markdown(error))


def _base_control() -> TrainingConfig:
    """Draw the choice of a recipe and a dataset; return the settings that don't vary."""
    linked = session.linked_settings()
    offered = ([_LINKED] if linked else []) + list(RECIPES)
    chosen = st.selectbox(
        _("Recipe"),
        offered,
        key=f"tune-recipe-{bool(linked)}",
        format_func=lambda name: _("Settings of the Train page") if name == _LINKED else translate(RECIPES[name].title),
        help=_(help.RECIPE),
    )
    base = linked if chosen == _LINKED and linked else RECIPES[chosen].config
    statuses = {status.name: status for status in services.datasets() if status.here}
    preferred = base.dataset if base.dataset in statuses else "uci-digits"
    dataset = st.selectbox(
        _("Dataset"),
        list(statuses),
        list(statuses).index(preferred),
        key=f"tune-dataset-{preferred}",
        format_func=lambda name: translate(statuses[name].title),
        help=glossary.explain("Dataset"),
    )
    return replace(base, dataset=dataset)


def _space_control() -> tuple[Dimension, ...] | None:
    """Draw the choice of what varies, and its values; return None if some can't be read."""
    names = st.multiselect(
        _("What varies"),
        NAMES,
        default=["learning_rate"],
        key="tune-vary",
        persist_state="session",
        format_func=lambda name: _(PARAMETERS[name]),
        help=f"{glossary.explain('Hyperparameter')} {glossary.explain('Search space')}",
    )
    found = [_dimension_control(name) for name in names]
    if not found:
        st.caption(_("Choose at least one setting to vary."))
    dimensions = tuple(dimension for dimension in found if dimension)
    return dimensions if names and len(dimensions) == len(names) else None


def _dimension_control(name: str) -> Dimension | None:
    try:
        if name in CHOICES_OF_WORDS:
            words = CHOICES_OF_WORDS[name]
            chosen = st.multiselect(
                _(PARAMETERS[name]), words, default=words, key=f"tune-values-{name}", persist_state="session"
            )
            return Choices(name, tuple(chosen))
        values = st.text_input(
            _(PARAMETERS[name]),
            USUAL[name],
            max_chars=200,
            key=f"tune-values-{name}",
            persist_state="session",
            help=_(help.VALUES),
        )
        return parse(f"{name}={values}")
    except ConfigError as error:
        st.warning(markdown(error))
        return None


def summary(settings: TuningSettings) -> str:
    """Return the settings of a search in one line of Markdown."""
    parts = [
        ", ".join(_(PARAMETERS[name]) for name in settings.names),
        _(METHODS[settings.sampler]),
        _(OBJECTIVE_TITLES[settings.objective]),
        plain(settings.config.dataset),
    ]
    return " · ".join(parts)
