"""The settings of a training, as widgets. Knows Streamlit, records and networks; starts nothing.

Every widget's key is `train-` and the name of the setting, so a recipe or a link sets a setting by writing that key.
"""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from model.config import CUSTOM, KEPT, LOSSES, OPTIMIZERS, SCHEDULES, Augmentation, TrainingConfig, usual_learning_rate
from model.data import catalog
from model.data.catalog import DatasetStatus
from model.errors import ConfigError
from model.networks.presets import PRESETS
from model.networks.summary import check_memory
from model.training.recipes import RECIPES
from pages.ui.charts import training as training_charts
from pages.ui.shell import services, session
from pages.ui.train import network_builder, preview

_NO_RECIPE = "own"
_LOWEST_RATE = 1e-6
# What the sliders reach; more is for the command line.
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
_OF_DIGITS = ("mnist", "uci-digits")  # the datasets that drawings can join
_USUAL_CLASSES = 10  # of a dataset that only a load could tell more about
_TITLES = {
    "constant": "Constant",
    "step": "Step",
    "cosine": "Cosine",
    "one-cycle": "One-cycle",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "sparse": "Class numbers",
    "categorical": "One-hot rows",
    "best": "The best epoch on validation",
    "last": "The last epoch",
}


def training_controls(top: DeltaGenerator) -> TrainingConfig | None:
    """Draw the settings of a training, the recipe in `top`; return them, or None where they do not fit together."""
    wanted = session.take_requested_recipe()
    if wanted:
        fill(RECIPES[wanted].config)
    dataset = _dataset_control()
    shape, n_classes = catalog.status(dataset).image_shape, _n_classes(dataset)
    network = network_builder.network_control(shape, n_classes)
    below_network = st.container()
    values = {"dataset": dataset} | network | _training_part()
    with st.expander("Augmentation", icon=":material/auto_fix_high:"):
        augmentation = _augmentation_part(dataset)
    with st.expander("More settings", icon=":material/tune:"):
        values |= _further_part(dataset)
    # No widget for what few would touch: a recipe's precision goes with it.
    values |= {"augmentation": augmentation, "precision": st.session_state.setdefault("train-precision", "auto")}
    config = _checked(values)
    with top:
        _recipe_control(config)
    if config is None or shape is None:
        return config
    try:
        check_memory(config.network, shape, n_classes, config.batch_size)
    except ConfigError as error:
        below_network.warning(str(error))  # where it can be changed
        return None
    return config


def _recipe_control(config: TrainingConfig | None) -> None:
    """Offer whole settings, and say of which recipe `config` is; a chosen one is written into the widgets next."""
    now = _recipe_of(config) if config else _NO_RECIPE
    offered = list(RECIPES) if now in RECIPES else [*RECIPES, now]
    # Each recipe has a box of its own, and none has a callback: a click elsewhere may bring what a box held before a
    # setting was changed, which is no choice.
    chosen = st.selectbox(
        "Recipe",
        offered,
        index=offered.index(now),
        key=f"train-recipe-{now}",
        format_func=lambda name: RECIPES[name].title if name in RECIPES else "Own settings",
        help="Sets all below but the dataset; change what you like afterwards.",
    )
    if chosen != now:
        session.request_recipe(chosen)
        st.rerun()
    st.caption(RECIPES[now].why if now in RECIPES else "Settings of your own; a recipe would replace them.")


def _recipe_of(config: TrainingConfig) -> str:
    same = (name for name, recipe in RECIPES.items() if replace(config, dataset=recipe.config.dataset) == recipe.config)
    return next(same, _NO_RECIPE)


def fill(config: TrainingConfig, dataset: bool = False) -> list[str]:
    """Write settings into the widgets, with `dataset` that too if it is known here; return what had to be changed.

    To be called before they are drawn, as in a callback. What a widget can't show is brought to what it can.
    """
    changed = []
    values = config.to_dict()
    values |= values.pop("augmentation")
    rate = values.pop("learning_rate")
    values.pop("design")
    if config.design:
        network_builder.fill(config.design)
    for name in values.keys() - {"dataset"}:
        st.session_state[_key(name)] = values[name]
    for name, highest in (_HIGHEST | {"epochs": services.limits().epochs}).items():
        st.session_state[_key(name)] = type(highest)(min(values[name], highest))
        if values[name] > highest:
            changed.append(f"{name.replace('_', ' ')} came as {values[name]:g}; {highest:g} is the most here.")
    st.session_state[_rate_key(config.optimizer, config.schedule)] = float(max(rate, _LOWEST_RATE))
    if dataset and config.dataset in {status.name for status in catalog.available()}:
        st.session_state[_key("dataset")] = config.dataset
    elif dataset:
        changed.append(f"The dataset {config.dataset} of this link is not here; choose another one.")
    if config.preset not in (*PRESETS, CUSTOM):
        st.session_state["train-preset"] = TrainingConfig.preset
        changed.append(
            f"The network {config.preset} of this link is not known here; {TrainingConfig.preset} stands in."
        )
    return changed


def _rate_key(optimizer: str, schedule: str) -> str:
    """Each pair has a learning rate of its own: one that suits Adam makes SGD crawl."""
    return f"train-learning-rate-{optimizer}-{schedule}"


def _start(name: str) -> str:
    """Return a setting's key, and give it the value of the exercise where it has none yet."""
    config = TrainingConfig()
    value = getattr(config, name) if hasattr(config, name) else getattr(config.augmentation, name)
    st.session_state.setdefault(_key(name), value)
    return _key(name)


def _key(name: str) -> str:
    # The chart of the loss has that key already.
    return "train-labels" if name == "loss" else f"train-{name.replace('_', '-')}"


def _training_part() -> dict:
    left, right = st.columns(2, gap="small")
    epochs = left.number_input(
        "Epochs",
        1,
        services.limits().epochs,
        key=_start("epochs"),
        persist_state="session",
        help="How many times the network sees all training images.",
    )
    batch_size = right.number_input(
        "Batch size",
        1,
        1024,
        key=_start("batch_size"),
        persist_state="session",
        help="How many images are looked at before the weights take one step.",
    )
    optimizer = left.selectbox(
        "Optimizer",
        OPTIMIZERS,
        format_func=_TITLES.__getitem__,
        key=_start("optimizer"),
        persist_state="session",
        help="How a step is taken. SGD goes downhill with some momentum; Adam gives every weight a step length of its "
        "own; AdamW also pulls the weights towards zero.",
    )
    schedule = right.selectbox(
        "Schedule",
        SCHEDULES,
        format_func=_TITLES.__getitem__,
        key=_start("schedule"),
        persist_state="session",
        help="How the learning rate changes: not at all, in two steps down to a hundredth, up and then down along a "
        "curve (many epochs), or up and down in straight lines (few epochs).",
    )
    return {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "schedule": schedule,
        "learning_rate": _learning_rate_control(optimizer, schedule),
    }


def _learning_rate_control(optimizer: str, schedule: str) -> float:
    """Draw the learning rate, and below it how the schedule changes it."""
    key = _rate_key(optimizer, schedule)
    st.session_state.setdefault(key, usual_learning_rate(optimizer, schedule))
    learning_rate = st.number_input(
        "Learning rate",
        _LOWEST_RATE,
        100.0,
        step=0.0005,
        format="%g",
        key=key,
        persist_state="session",
        help="How large a step the weights take; the highest one, where it changes. Too small: slow. Too large: they "
        "never settle.",
    )
    st.plotly_chart(
        training_charts.schedule(schedule, learning_rate),
        height=90,
        config={"displayModeBar": False},
        key="schedule-preview",
    )
    return learning_rate


def _augmentation_part(dataset: str) -> Augmentation:
    """Draw how far training images are moved, and what comes of it."""
    st.caption("Each time an image is learnt from, it is moved anew by up to so much.")
    rotation = st.slider("Rotation, degrees", 0.0, 45.0, step=1.0, key=_start("rotation"), persist_state="session")
    shift = st.slider("Shift, share of the side", 0.0, 0.3, step=0.01, key=_start("shift"), persist_state="session")
    zoom = st.slider("Zoom, share", 0.0, 0.4, step=0.01, key=_start("zoom"), persist_state="session")
    shear = st.slider("Shear, degrees", 0.0, 30.0, step=1.0, key=_start("shear"), persist_state="session")
    elastic = st.slider("Bending, pixels", 0.0, 3.0, step=0.1, key=_start("elastic"), persist_state="session")
    flip = False
    if catalog.may_flip(dataset):
        flip = st.toggle("Exchange left and right", key=_start("flip"), persist_state="session")
    how = Augmentation(rotation=rotation, shift=shift, zoom=zoom, flip=flip, shear=shear, elastic=elastic)
    preview.augmented(dataset, how)
    return how


def _further_part(dataset: str) -> dict:
    return _label_settings() | _validation_settings() | _image_settings(dataset) | {"seed": _seed_control()}


def _label_settings() -> dict:
    loss = st.selectbox(
        "Labels",
        LOSSES,
        format_func=_TITLES.__getitem__,
        key=_start("loss"),
        persist_state="session",
        help="The same cross-entropy, computed from class numbers (sparse) or from one-hot rows.",
    )
    smoothing = 0.0
    if loss == "categorical":
        smoothing = st.slider(
            "Label smoothing",
            0.0,
            0.3,
            step=0.01,
            key=_start("label_smoothing"),
            persist_state="session",
            help="A little of each one-hot row goes to all classes, so that the network does not become too sure.",
        )
    return {"loss": loss, "label_smoothing": smoothing}


def _validation_settings() -> dict:
    validation_share = st.slider(
        "Validation share",
        0.01,
        0.5,
        key=_start("validation_share"),
        format="percent",
        persist_state="session",
        help="Of the training images: never learnt from, and tried after each epoch.",
    )
    patience = st.number_input(
        "Early stopping, epochs",
        0,
        100,
        key=_start("patience"),
        persist_state="session",
        help="Stop when the validation loss has not improved for so many epochs. 0: never.",
    )
    keep = st.selectbox(
        "Keep",
        KEPT,
        format_func=_TITLES.__getitem__,
        key=_start("keep"),
        persist_state="session",
        help="Which weights are kept at the end.",
    )
    return {"validation_share": validation_share, "patience": patience, "keep": keep}


def _image_settings(dataset: str) -> dict:
    train_images = st.number_input(
        "Training images",
        0,
        10_000_000,
        step=100,
        key=_start("train_images"),
        persist_state="session",
        help="Learn from so many only, to see what too little data does. 0: from all.",
    )
    drawings = False
    if dataset in _OF_DIGITS:
        drawings = st.toggle(
            "Learn what is no digit",
            key=_start("drawings"),
            persist_state="session",
            help="Scribbles, signs and, where they are here, really drawn digits and letters join the images, and an "
            "eleventh class: no digit.",
        )
    return {"train_images": train_images, "drawings": drawings}


def _seed_control() -> int:
    return st.number_input(
        "Seed",
        0,
        2**31 - 1,
        key=_start("seed"),
        persist_state="session",
        help="The same seed gives the same first weights and the same order of images.",
    )


def _checked(values: dict) -> TrainingConfig | None:
    try:
        return TrainingConfig(**values)
    except ConfigError as error:
        st.warning(str(error))
        return None


def _n_classes(dataset: str) -> int:
    """Return how many classes the network will tell apart, with "no digit" where that is to be learnt."""
    known = catalog.BUILTINS.get(dataset)
    learns_no_digit = dataset in _OF_DIGITS and st.session_state.get(_key("drawings"), TrainingConfig.drawings)
    return (len(known.class_names) if known else _USUAL_CLASSES) + bool(learns_no_digit)


def _dataset_control() -> str:
    statuses = {status.name: status for status in catalog.available()}
    key = _key("dataset")
    if st.session_state.get(key) not in statuses:  # none was chosen yet, or its file is gone
        st.session_state[key] = services.default_dataset()
    chosen = st.selectbox(
        "Dataset",
        list(statuses),
        key=key,
        persist_state="session",
        format_func=lambda name: statuses[name].title if name in statuses else name,
        help="Images with labels. An .npz of your own in the folder named by DIGIT_LAB_DATA appears here too.",
    )
    _describe_dataset(statuses[chosen], statuses["mnist"])
    if statuses[chosen].here:
        with st.popover("Look at the images", width="stretch", icon=":material/image:", on_change="rerun") as opened:
            if opened.open:
                preview.dataset(chosen)
    return chosen


def _describe_dataset(chosen: DatasetStatus, mnist: DatasetStatus) -> None:
    """Say where the images come from, and why the stand-in stands in."""
    if not chosen.here:
        size = f" ({chosen.download_bytes / 1e6:.0f} MB)" if chosen.download_bytes else ""
        if services.reachable(chosen.name):
            st.caption(f"Not on this machine yet: it is downloaded{size} when the training starts.")
        else:
            st.caption(
                f":material/cloud_off: {chosen.title} can't be had now: it is not on this machine and its server does "
                f"not answer. Put {chosen.name}.npz into the folder named by DIGIT_LAB_DATA, connect to the internet, "
                "or choose UCI digits, which need no network."
            )
    elif chosen.name == "uci-digits" and not mnist.here:
        st.caption(
            "1,797 real handwritten digits that need no network. MNIST is not on this machine: put mnist.npz into the "
            "folder named by DIGIT_LAB_DATA, or connect to the internet and choose it above."
        )
