"""Groups of widgets that return records. Knows Streamlit, records and networks; starts nothing."""

import streamlit as st

from model import data, networks
from model.data import DatasetStatus
from model.errors import ConfigError
from model.records import SCHEDULES, TrainingConfig, usual_learning_rate
from model.runs import Run
from pages.ui import services, state

_MOST_EPOCHS = 100  # more is for the command line
_SCHEDULE_TITLES = {"constant": "Constant", "cosine": "Cosine", "one-cycle": "One-cycle"}
_KEPT = {"persist_state": "session"}  # a setting is as it was when its page is opened again


def training_controls() -> TrainingConfig | None:
    """Draw the settings of a training; return them, or None where they do not fit together (it says why)."""
    dataset = _dataset_control()
    preset = _preset_control(dataset)
    left, right = st.columns(2, gap="small")
    epochs = left.number_input(
        "Epochs", 1, _MOST_EPOCHS, TrainingConfig.epochs, key="train-epochs", **_KEPT,
        help="How many times the network sees all training images.",
    )  # fmt: skip
    batch_size = right.number_input(
        "Batch size", 1, 1024, TrainingConfig.batch_size, key="train-batch-size", **_KEPT,
        help="How many images are looked at before the weights take one step.",
    )  # fmt: skip
    schedule = left.selectbox(
        "Schedule", SCHEDULES, format_func=_SCHEDULE_TITLES.__getitem__, key="train-schedule", **_KEPT,
        help="Constant keeps the learning rate. One-cycle and cosine climb to it and then fall to nearly nothing: "
        "one-cycle in straight lines, which suits few epochs, cosine in a curve, which suits many.",
    )  # fmt: skip
    learning_rate = right.number_input(
        "Learning rate", 1e-6, 10.0, usual_learning_rate("adam", schedule), step=0.0005, format="%g",
        key=f"train-learning-rate-{schedule}", **_KEPT,
        help="How large a step the weights take. Too small: slow. Too large: they never settle.",
    )  # fmt: skip
    seed = st.number_input(
        "Seed", 0, 2**31 - 1, TrainingConfig.seed, key="train-seed", **_KEPT,
        help="The same seed gives the same first weights and the same order of images.",
    )  # fmt: skip
    return _checked(dataset, preset, epochs, batch_size, learning_rate, schedule, seed)


def _checked(dataset, preset, epochs, batch_size, learning_rate, schedule, seed) -> TrainingConfig | None:
    try:
        return TrainingConfig(
            dataset=dataset, preset=preset, epochs=epochs, batch_size=batch_size,
            learning_rate=learning_rate, schedule=schedule, seed=seed,
        )  # fmt: skip
    except ConfigError as error:
        st.warning(str(error))
        return None


def _dataset_control() -> str:
    statuses = {status.name: status for status in data.available()}
    names = list(statuses)
    chosen = st.selectbox(
        "Dataset", names, index=names.index(services.default_dataset()), key="train-dataset", **_KEPT,
        format_func=lambda name: statuses[name].title if name in statuses else name,
        help="Images with labels. An .npz of your own in the folder named by DIGIT_LAB_DATA appears here too.",
    )  # fmt: skip
    _describe_dataset(statuses[chosen], statuses["mnist"])
    return chosen


def _describe_dataset(chosen: DatasetStatus, mnist: DatasetStatus) -> None:
    """Say where the images come from, and why the stand-in stands in."""
    if not chosen.here:
        size = f" ({chosen.download_bytes / 1e6:.0f} MB)" if chosen.download_bytes else ""
        st.caption(f"Not on this machine yet: it is downloaded{size} when the training starts.")
    elif chosen.name == "uci-digits" and not mnist.here:
        st.caption(
            "1,797 real handwritten digits that need no network. MNIST is not on this machine: put mnist.npz into the "
            "folder named by DIGIT_LAB_DATA, or connect to the internet and choose it above."
        )


def _preset_control(dataset: str) -> str:
    preset = st.selectbox(
        "Network", list(networks.PRESETS), index=list(networks.PRESETS).index(TrainingConfig.preset),
        key="train-preset", **_KEPT,
        help="The dense ones are the classroom exercise: two convolutions with pooling, then dense layers.",
    )  # fmt: skip
    shape = data.status(dataset).image_shape
    if shape is None:
        st.caption(networks.PRESETS[preset].why)
        return preset
    rows = networks.table(preset, shape, 10)
    with st.popover(f"{sum(row.parameters for row in rows):,} parameters, layer by layer", width="stretch"):
        st.markdown(networks.PRESETS[preset].why)
        st.table(
            {
                "Layer": [row.title for row in rows],
                "Output": [" × ".join(map(str, row.shape)) for row in rows],
                "Parameters": [f"{row.parameters:,}" for row in rows],
            },
            hide_index=True,
        )
        st.caption(f"For images of {' × '.join(map(str, shape))} in 10 classes.")
    return preset


def run_control(label: str, key: str, runs: list[Run]) -> Run:
    """Draw a list of runs, which is not empty; return the chosen one.

    The address (`?run=`) chooses first and then follows the choice, so that it can be shared. One that is not in the
    list is said to be missing.
    """
    by_id = {run.id: run for run in runs}
    linked = st.query_params.get("run")
    state.follow_link(key, linked, known=linked in by_id)
    chosen = st.selectbox(
        label,
        list(by_id),
        index=list(by_id).index(services.default_run(runs).id),
        format_func=lambda run_id: run_title(by_id[run_id]) if run_id in by_id else run_id,
        key=key,
        **_KEPT,
    )
    if linked and linked not in by_id:
        st.warning("The run of this address is not here or can't be used here; expected one of the list above.")
    else:
        state.follow_link(key, chosen, known=False)
        st.query_params["run"] = chosen
    return by_id[chosen]


def run_title(run: Run) -> str:
    """Name a run so that a person can tell it from others."""
    figures = f" · {run.metrics.accuracy:.2%}" if run.metrics else ""
    created = run.description.get("created", "")[:16].replace("T", " ")
    images = run.config.dataset + (" and drawings" if run.config.drawings else "")
    return f"{run.config.preset} · {images}{figures} · {'shipped' if run.shipped else created}"
