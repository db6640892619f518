"""Which network is trained: a preset, or one of one's own, built layer by layer; with its drawing and its table.

Knows Streamlit, records and networks; starts nothing. The builder's widgets have keys from `train-own-` on, so that a
link fills them by writing those keys.
"""

from typing import Any

import streamlit as st

from model.config import ACTIVATIONS, CUSTOM, MAX_BLOCKS, MAX_DENSE, PADDINGS, Block, Design, TrainingConfig
from model.errors import ConfigError
from model.networks.layers import Shape
from model.networks.presets import CLASSROOM, PRESETS
from model.networks.summary import LayerSummary, summary
from pages.ui.charts.network_diagram import diagram

_BUILD = "Build your own"
_OPENED = "train-own-opened"  # whether the builder is unfolded
_WIDTH = 780  # pixels of the unfolded builder, where the screen has them
_ONE_MORE = Block(64, padding="same", pooling=False)  # never too much: the image stays as large as it is
_NEURONS = 64  # of one more dense layer
_ACTIVATIONS = {"relu": "ReLU", "elu": "ELU", "gelu": "GELU", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def network_control(shape: Shape | None, n_classes: int) -> dict[str, Any]:
    """Draw the choice of the network; return `preset` and `design` of a training's settings.

    `shape` is `(height, width, channels)`; None where only a load could tell it: then there is no table. A network that
    can't be built for such images is returned all the same, so whoever starts it checks it.
    """
    st.session_state.setdefault("train-preset", TrainingConfig.preset)
    preset = st.selectbox(
        "Network",
        [*PRESETS, CUSTOM],
        key="train-preset",
        on_change=_unfold,
        persist_state="session",
        format_func=lambda name: _BUILD if name == CUSTOM else name,
        help="The dense ones are the classroom exercise: two convolutions with pooling, then dense layers. The last "
        "entry lets you choose every layer.",
    )
    if preset == CUSTOM:
        return {"preset": CUSTOM, "design": _builder(shape, n_classes)}
    if shape is None:
        st.caption(PRESETS[preset].why)
    else:
        _preset(preset, shape, n_classes)
    return {"preset": preset, "design": None}


def fill(design: Design) -> None:
    """Write a design into the widgets; to be called before they are drawn."""
    values: dict[str, Any] = {"blocks": len(design.blocks), "dense": len(design.dense)}
    for number, block in enumerate(design.blocks):
        values |= {f"{number}-{name}": getattr(block, name) for name in _names(block)}
    values |= {f"dense-{number}": units for number, units in enumerate(design.dense)}
    values |= {"dropout": float(design.dropout), "activation": design.activation}
    for name, value in values.items():
        st.session_state[_key(name)] = value


def _unfold() -> None:
    """Show the builder at once to whoever chooses it."""
    if st.session_state["train-preset"] == CUSTOM:
        st.session_state[_OPENED] = True


def _preset(preset: str, shape: Shape, n_classes: int) -> None:
    rows = _table_or_none(preset, shape, n_classes)
    if rows is None:
        return
    with st.popover(f"{_parameters(rows):,} parameters, layer by layer", width="stretch"):
        st.markdown(PRESETS[preset].why)
        _show(rows, shape)
        st.caption(f"For images of {' × '.join(map(str, shape))} in {n_classes} classes.")


def _builder(shape: Shape | None, n_classes: int) -> Design:
    """Draw the layers to choose and, beside them, the network that they make."""
    unfolded = st.popover(
        "Choose the layers", icon=":material/layers:", width="stretch", key=_OPENED, on_change="rerun"
    )
    with unfolded, st.container(width=_WIDTH):
        choose, see = st.columns([1.1, 1], gap="medium")
        with choose:
            design = _design()
        with see:
            if shape is None:
                st.caption("The table comes with a dataset whose image size is known before it is read.")
            else:
                _result(design, shape, n_classes)
    if shape is not None and (rows := _table_or_none(design, shape, n_classes)):
        multiplications = sum(row.multiplications for row in rows)
        st.caption(f"{_parameters(rows):,} parameters, {multiplications:,} multiplications an image.")
    return design


def _design() -> Design:
    start = CLASSROOM
    n_blocks = st.number_input(
        "Blocks of convolutions",
        0,
        MAX_BLOCKS,
        key=_start("blocks", len(start.blocks)),
        persist_state="session",
        help="Each block looks for patterns with its filters and may then halve the image. 0: the pixels go straight "
        "to the dense layers.",
    )
    blocks = tuple(_block(number) for number in range(n_blocks))
    n_dense = st.number_input(
        "Dense layers",
        0,
        MAX_DENSE,
        key=_start("dense", len(start.dense)),
        persist_state="session",
        help="Layers in which every neuron sees all that the convolutions found. The output, with a neuron for each "
        "class, comes behind them by itself.",
    )
    with st.container(horizontal=True, gap="xsmall"):
        dense = tuple(_neurons(number) for number in range(n_dense))
    dropout = st.slider(
        "Dropout",
        0.0,
        0.9,
        step=0.05,
        key=_start("dropout", start.dropout),
        persist_state="session",
        help="The share of neurons before the output that are silenced at random in each step of the training, so that "
        "none is relied on alone.",
    )
    activation = st.selectbox(
        "Activation",
        ACTIVATIONS,
        format_func=_ACTIVATIONS.__getitem__,
        key=_start("activation", start.activation),
        persist_state="session",
        help="How each layer bends its numbers. Without a bend, many layers could do no more than one. ReLU "
        "keeps what is positive; sigmoid and tanh press all into a small range and learn slowly in deep networks.",
    )
    return Design(blocks, dense, dropout, activation)


def _block(number: int) -> Block:
    """Draw one block: what its convolution is like, and what stands behind it."""
    usual = CLASSROOM.blocks[number] if number < len(CLASSROOM.blocks) else _ONE_MORE
    key = {name: _start(f"{number}-{name}", getattr(usual, name)) for name in _names(usual)}
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, gap="xsmall"):
            filters = st.number_input(
                f"Filters {number + 1}",
                1,
                256,
                key=key["filters"],
                width=108,
                persist_state="session",
                help="How many patterns this convolution looks for; each gives a map of where it was found.",
            )
            kernel = st.selectbox(
                "Kernel",
                range(1, 8),
                key=key["kernel"],
                width=78,
                format_func=lambda side: f"{side}×{side}",
                persist_state="session",
                help="How many pixels wide and high the window of a filter is.",
            )
            padding = st.selectbox(
                "Padding",
                PADDINGS,
                key=key["padding"],
                width=90,
                persist_state="session",
                help="valid: the window stays inside, so the image loses its edge. same: zeros are put around it, so "
                "it keeps its size.",
            )
        with st.container(horizontal=True, gap="small"):
            normalization = st.toggle(
                "Batch norm",
                key=key["batch_normalization"],
                width="content",
                persist_state="session",
                help="Brings every map to a similar strength after the convolution, which lets deep networks learn "
                "faster.",
            )
            pooling = st.toggle(
                "Pooling",
                key=key["pooling"],
                width="content",
                persist_state="session",
                help="Keeps the largest of every 2×2 pixels: the image is half as wide and half as high afterwards.",
            )
    return Block(filters, kernel, padding, normalization, pooling)


def _neurons(number: int) -> int:
    usual = CLASSROOM.dense[number] if number < len(CLASSROOM.dense) else _NEURONS
    return st.number_input(
        f"Neurons {number + 1}",
        1,
        2048,
        key=_start(f"dense-{number}", usual),
        width=130,
        persist_state="session",
        help="How many neurons this layer has. Behind large maps each of them brings thousands of parameters.",
    )


def _result(design: Design, shape: Shape, n_classes: int) -> None:
    """Draw what the layers make, or say why they make nothing."""
    try:
        rows = summary(design, shape, n_classes)
    except ConfigError as error:
        st.warning(str(error))
        return
    _show(rows, shape)
    st.caption(f"{_parameters(rows):,} parameters in all, for images of {' × '.join(map(str, shape))}.")


def _show(rows: tuple[LayerSummary, ...], shape: Shape) -> None:
    # Not st.html, which drops every SVG; the drawing holds nothing that a person typed.
    st.markdown(f"<div>{diagram(rows, shape)}</div>", unsafe_allow_html=True)
    st.table(
        {
            "Layer": [row.title for row in rows],
            "Output": [" × ".join(map(str, row.shape)) for row in rows],
            "Parameters": [f"{row.parameters:,}" for row in rows],
        },
        hide_index=True,
    )


def _parameters(rows: tuple[LayerSummary, ...]) -> int:
    return sum(row.parameters for row in rows)


def _table_or_none(network: str | Design, shape: Shape, n_classes: int):
    try:
        return summary(network, shape, n_classes)
    except ConfigError:  # told where the settings are checked
        return None


def _names(block: Block) -> tuple[str, ...]:
    return tuple(block.__dataclass_fields__)


def _start(name: str, value: Any) -> str:
    """Return a widget's key, and give it a value where it has none yet."""
    st.session_state.setdefault(_key(name), value)
    return _key(name)


def _key(name: str) -> str:
    return f"train-own-{name.replace('_', '-')}"
