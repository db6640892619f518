"""The settings of a training, as widgets. Knows Streamlit, settings and networks; starts nothing."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.config import CUSTOM, OPTIMIZERS, SCHEDULES, Augmentation, TrainingConfig, usual_learning_rate
from model.data import catalog
from model.errors import ConfigError
from model.networks.presets import PRESETS
from model.networks.summary import check_memory
from model.training.recipes import RECIPES
from pages.ui import glossary
from pages.ui.charts import training as training_charts
from pages.ui.components.live_chart import live_chart
from pages.ui.language import format_number
from pages.ui.shell import labels, services, session
from pages.ui.shell.text import markdown
from pages.ui.train import help, network_builder, preview
from pages.ui.train.dataset_choice import ChosenDataset, dataset_control
from pages.ui.train.more_settings import more_settings
from pages.ui.train.setting_keys import key, key_with_default, rate_key
from pages.ui.translation import _, translate

_NO_RECIPE = "own"
_LOWEST_RATE = 1e-6
# The upper ends of the widgets; the command line allows more.
_HIGHEST = {
    "batch_size": 1024,
    "rotation": 45.0,
    "shift": 0.3,
    "zoom": 0.4,
    "shear": 30.0,
    "elastic": 3.0,
    "label_smoothing": 0.3,
    "patience": 100,
}


def training_controls(top: DeltaGenerator) -> TrainingConfig | None:
    """Draw the settings, the recipe in `top`; return them, or None if they can't be combined."""
    recipe = session.take_requested_recipe()
    if recipe:
        fill(RECIPES[recipe].config)
    with st.container(key="train-datasets"):
        dataset = dataset_control()
    with st.container(key="train-network"):
        network = network_builder.network_control(dataset.shape, dataset.n_classes)
    below_network = st.container()
    values = {"dataset": dataset.name, "invert": dataset.invert} | network | _training_settings()
    title = _("Augmentation: vary the training images")
    with st.expander(title, icon=":material/auto_fix_high:", key="train-augmentation"):
        augmentation = _augmentation_settings(dataset)
    with st.expander(_("More settings"), icon=":material/tune:", key="train-more"):
        values |= more_settings(dataset)
    # No widget, as few people would change it: the precision comes with the recipe.
    values |= {"augmentation": augmentation, "precision": st.session_state.setdefault("train-precision", "auto")}
    config = _checked(values)
    with top, st.container(key="train-recipes"):
        _recipe_control(config)
    if config is None or dataset.shape is None:
        return None  # what is wrong was shown next to it
    try:
        check_memory(config.network, dataset.shape, dataset.n_classes, config.batch_size)
    except ConfigError as error:
        below_network.warning(markdown(error))  # next to the settings that cause it
        return None
    return config


def _recipe_control(config: TrainingConfig | None) -> None:
    """Draw the choice of the recipe, set to the one that `config` equals; a new choice fills the widgets next time."""
    now = _recipe_of(config) if config else _NO_RECIPE
    offered = list(RECIPES) if now in RECIPES else [*RECIPES, now]
    # Each recipe has its own box, and none has a callback: a click elsewhere can bring the value that a box had before
    # a setting was changed, which isn't a choice.
    chosen = st.selectbox(
        _("Recipe"),
        offered,
        index=offered.index(now),
        key=f"train-recipe-{now}",
        format_func=lambda name: translate(RECIPES[name].title) if name in RECIPES else _("Custom settings"),
        help=_(help.RECIPE),
    )
    if chosen != now:
        session.request_recipe(chosen)
        st.rerun()
    st.caption(translate(RECIPES[now].why) if now in RECIPES else _(help.CUSTOM_SETTINGS))


def _recipe_of(config: TrainingConfig) -> str:
    for name, recipe in RECIPES.items():
        # A recipe is about everything but the images.
        if replace(config, dataset=recipe.config.dataset, invert=False) == recipe.config:
            return name
    return _NO_RECIPE


def fill(config: TrainingConfig, dataset: bool = False) -> list[str]:
    """Set the widgets to `config`, including the dataset if `dataset`; return a sentence on each value that is changed.

    Call it before the widgets are drawn. A value that a widget can't show is replaced by the nearest one it can.
    """
    changed = []
    values = config.to_dict()
    values |= values.pop("augmentation")
    rate = values.pop("learning_rate")
    values.pop("design")
    if config.design:
        network_builder.fill(config.design)
    for name in values.keys() - {"dataset"}:
        st.session_state[key(name)] = values[name]
    for name, highest in (_HIGHEST | {"epochs": services.limits().epochs}).items():
        st.session_state[key(name)] = type(highest)(min(values[name], highest))
        if values[name] > highest:
            text = _(help.FROM_LINK_TOO_HIGH)
            changed.append(
                text.format(
                    setting=labels.setting(name),
                    value=format_number(values[name], "g"),
                    most=format_number(highest, "g"),
                )
            )
    st.session_state[rate_key(config.optimizer, config.schedule)] = float(max(rate, _LOWEST_RATE))
    if dataset and config.dataset in {status.name for status in services.datasets()}:
        st.session_state[key("dataset")] = config.dataset
    elif dataset:
        changed.append(_(help.FROM_LINK_NO_DATASET).format(dataset=config.dataset))
    if config.preset not in (*PRESETS, CUSTOM):
        st.session_state[key("preset")] = TrainingConfig.preset
        text = _(help.FROM_LINK_NO_NETWORK)
        changed.append(text.format(network=config.preset, replacement=TrainingConfig.preset))
    return changed


def _training_settings() -> dict:
    left, right = st.columns(2, gap="small")
    epochs = left.number_input(
        labels.setting("epochs"),
        1,
        services.limits().epochs,
        key=key_with_default("epochs"),
        persist_state="session",
        help=glossary.explain("Epoch"),
    )
    batch_size = right.number_input(
        labels.setting("batch_size"),
        1,
        1024,
        key=key_with_default("batch_size"),
        persist_state="session",
        help=glossary.explain("Batch size"),
    )
    optimizer = left.selectbox(
        labels.setting("optimizer"),
        OPTIMIZERS,
        format_func=labels.option,
        key=key_with_default("optimizer"),
        persist_state="session",
        help=glossary.explain("Optimizer"),
    )
    schedule = right.selectbox(
        labels.setting("schedule"),
        SCHEDULES,
        format_func=labels.option,
        key=key_with_default("schedule"),
        persist_state="session",
        help=f"{glossary.explain('Schedule')} {_(help.SCHEDULE)}",
    )
    with st.container(key="train-rates"):
        learning_rate = _learning_rate_control(optimizer, schedule)
    return {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "schedule": schedule,
        "learning_rate": learning_rate,
    }


def _learning_rate_control(optimizer: str, schedule: str) -> float:
    """Draw the learning rate, and below it a chart of its schedule."""
    field = rate_key(optimizer, schedule)
    st.session_state.setdefault(field, usual_learning_rate(optimizer, schedule))
    learning_rate = st.number_input(
        labels.setting("learning_rate"),
        _LOWEST_RATE,
        100.0,
        step=0.0005,
        format="%g",
        key=field,
        persist_state="session",
        help=f"{glossary.explain('Learning rate')} {_(help.LEARNING_RATE)}",
    )
    st.caption(_(help.SCHEDULE_CHART))
    description = _("Learning rate over the course of the training, at most {rate}.")
    live_chart(
        training_charts.schedule(schedule, learning_rate),
        "schedule-preview",
        90,
        description.format(rate=format_number(learning_rate, "g")),
    )
    return learning_rate


def _augmentation_settings(dataset: ChosenDataset) -> Augmentation:
    """Draw the limits of the augmentation, and a preview."""
    st.caption(_(help.AUGMENTATION))
    rotation = _limit("rotation", 45.0, 1.0)
    shift = _limit("shift", 0.3, 0.01)
    zoom = _limit("zoom", 0.4, 0.01)
    shear = _limit("shear", 30.0, 1.0, glossary.explain("Shear"))
    elastic = _limit("elastic", 3.0, 0.1, glossary.explain("Elastic deformation"))
    flip = False
    if catalog.may_flip(dataset.name):
        flip = st.toggle(labels.setting("flip"), key=key_with_default("flip"), persist_state="session")
    augmentation = Augmentation(rotation=rotation, shift=shift, zoom=zoom, flip=flip, shear=shear, elastic=elastic)
    preview.augmented(dataset.name, augmentation, dataset.invert)
    return augmentation


def _limit(name: str, highest: float, step: float, explanation: str | None = None) -> float:
    box = key_with_default(name)
    return st.slider(labels.setting(name), 0.0, highest, step=step, key=box, persist_state="session", help=explanation)


def _checked(values: dict) -> TrainingConfig | None:
    try:
        return TrainingConfig(**values)
    except ConfigError as error:
        st.warning(markdown(error))
        return None
