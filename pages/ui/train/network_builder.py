"""The choice of the network: a preset, or a custom network built layer by layer, with a diagram and a layer table.

Knows Streamlit, designs and networks; starts nothing. The keys of the builder's widgets start with `train-own-`, so a
link fills them by setting those keys.
"""

from typing import Any

import streamlit as st

from model.config import ACTIVATIONS, CUSTOM, MAX_BLOCKS, MAX_DENSE, PADDINGS, Block, Design, TrainingConfig
from model.errors import ConfigError
from model.networks.layers import Shape
from model.networks.presets import CLASSROOM, PRESETS
from model.networks.summary import LayerSummary, summary
from pages.ui import glossary
from pages.ui.charts.network_diagram import diagram
from pages.ui.language import format_number
from pages.ui.shell import labels
from pages.ui.shell.text import markdown
from pages.ui.train import help
from pages.ui.translation import _, ngettext, translate

_OPENED = "train-own-opened"  # whether the builder is open
_WIDTH = 780  # pixels of the open builder, if the screen is wide enough
_NEXT_BLOCK = Block(64, padding="same", pooling=False)  # always possible, as the image keeps its size
_NEXT_NEURONS = 64


def network_control(shape: Shape | None, n_classes: int) -> dict[str, Any]:
    """Draw the choice of the network; return the settings `preset` and `design`.

    `shape` is `(height, width, channels)`, or None if it is only known once the dataset is loaded; then there is no
    layer table. A network that can't be built for such images is returned as well: the caller checks it.
    """
    st.session_state.setdefault("train-preset", TrainingConfig.preset)
    preset = st.selectbox(
        labels.setting("preset"),
        [*PRESETS, CUSTOM],
        key="train-preset",
        on_change=_open_builder,
        persist_state="session",
        format_func=labels.option,
        help=_(help.NETWORK),
    )
    if preset == CUSTOM:
        return {"preset": CUSTOM, "design": _builder(shape, n_classes)}
    if shape is None:
        st.caption(translate(PRESETS[preset].why))
    else:
        _preset(preset, shape, n_classes)
    return {"preset": preset, "design": None}


def fill(design: Design) -> None:
    """Set the widgets to a design; call it before they are drawn."""
    values: dict[str, Any] = {"blocks": len(design.blocks), "dense": len(design.dense)}
    for number, block in enumerate(design.blocks):
        values |= {f"{number}-{name}": getattr(block, name) for name in _field_names(block)}
    values |= {f"dense-{number}": units for number, units in enumerate(design.dense)}
    values |= {"dropout": float(design.dropout), "activation": design.activation}
    for name, value in values.items():
        st.session_state[_key(name)] = value


def _open_builder() -> None:
    """Open the builder as soon as the custom network is chosen."""
    if st.session_state["train-preset"] == CUSTOM:
        st.session_state[_OPENED] = True


def _preset(preset: str, shape: Shape, n_classes: int) -> None:
    rows = _summary_or_none(preset, shape, n_classes)
    if rows is None:
        return
    n = _parameters(rows)
    label = ngettext("Layers ({n} parameter)", "Layers ({n} parameters)", n).format(n=format_number(n, ","))
    with st.popover(label, width="stretch"):
        st.markdown(translate(PRESETS[preset].why))
        _show(rows, shape)
        text = ngettext("For {size} images in {n} class.", "For {size} images in {n} classes.", n_classes)
        st.caption(text.format(size=_size(shape), n=n_classes))


def _builder(shape: Shape | None, n_classes: int) -> Design:
    """Draw the choice of the layers and, next to it, the network that they form."""
    popover = st.popover(
        _("Choose the layers"), icon=":material/layers:", width="stretch", key=_OPENED, on_change="rerun"
    )
    with popover, st.container(width=_WIDTH):
        left, right = st.columns([1.1, 1], gap="medium")
        with left:
            design = _design()
        with right:
            if shape is None:
                st.caption(_(help.NO_TABLE))
            else:
                _network(design, shape, n_classes)
    if shape is not None and (rows := _summary_or_none(design, shape, n_classes)):
        multiplications = sum(row.multiplications for row in rows)
        text = _("{parameters} parameters, {multiplications} multiplications per image.")
        st.caption(
            text.format(
                parameters=format_number(_parameters(rows), ","), multiplications=format_number(multiplications, ",")
            )
        )
    return design


def _design() -> Design:
    start = CLASSROOM
    n_blocks = st.number_input(
        _("Convolution blocks"),
        0,
        MAX_BLOCKS,
        key=_key_with_default("blocks", len(start.blocks)),
        persist_state="session",
        help=f"{glossary.explain('Convolution')} {_(help.BLOCKS)}",
    )
    blocks = tuple(_block(number) for number in range(n_blocks))
    n_dense = st.number_input(
        _("Dense layers"),
        0,
        MAX_DENSE,
        key=_key_with_default("dense", len(start.dense)),
        persist_state="session",
        help=f"{glossary.explain('Dense layer')} {_(help.DENSE)}",
    )
    with st.container(horizontal=True, gap="xsmall"):
        dense = tuple(_neurons(number) for number in range(n_dense))
    dropout = st.slider(
        _("Dropout"),
        0.0,
        0.9,
        step=0.05,
        key=_key_with_default("dropout", start.dropout),
        persist_state="session",
        help=f"{glossary.explain('Dropout')} {_(help.DROPOUT)}",
    )
    activation = st.selectbox(
        _("Activation"),
        ACTIVATIONS,
        format_func=labels.option,
        key=_key_with_default("activation", start.activation),
        persist_state="session",
        help=f"{glossary.explain('Activation')} {_(help.ACTIVATION)}",
    )
    return Design(blocks, dense, dropout, activation)


def _block(number: int) -> Block:
    """Draw the settings of one block: its convolution, and the layers after it."""
    usual = CLASSROOM.blocks[number] if number < len(CLASSROOM.blocks) else _NEXT_BLOCK
    key = {name: _key_with_default(f"{number}-{name}", getattr(usual, name)) for name in _field_names(usual)}
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, gap="xsmall"):
            filters = st.number_input(
                _("Filters {number}").format(number=number + 1),
                1,
                256,
                key=key["filters"],
                width=108,
                persist_state="session",
                help=glossary.explain("Filter"),
            )
            kernel = st.selectbox(
                _("Kernel"),
                range(1, 8),
                key=key["kernel"],
                width=78,
                format_func=lambda side: f"{side}×{side}",
                persist_state="session",
                help=glossary.explain("Kernel size"),
            )
            padding = st.selectbox(
                _("Padding"),
                PADDINGS,
                key=key["padding"],
                width=90,
                persist_state="session",
                help=glossary.explain("Padding"),
            )
        with st.container(horizontal=True, gap="small"):
            normalization = st.toggle(
                _("Batch norm"),
                key=key["batch_normalization"],
                width="content",
                persist_state="session",
                help=glossary.explain("Batch normalization"),
            )
            pooling = st.toggle(
                _("Pooling"),
                key=key["pooling"],
                width="content",
                persist_state="session",
                help=glossary.explain("Max pooling"),
            )
    return Block(filters, kernel, padding, normalization, pooling)


def _neurons(number: int) -> int:
    usual = CLASSROOM.dense[number] if number < len(CLASSROOM.dense) else _NEXT_NEURONS
    return st.number_input(
        _("Neurons {number}").format(number=number + 1),
        1,
        2048,
        key=_key_with_default(f"dense-{number}", usual),
        width=130,
        persist_state="session",
        help=f"{glossary.explain('Neuron')} {_(help.NEURONS)}",
    )


def _network(design: Design, shape: Shape, n_classes: int) -> None:
    """Draw the network of a design, or explain why it can't be built."""
    try:
        rows = summary(design, shape, n_classes)
    except ConfigError as error:
        st.warning(markdown(error))
        return
    _show(rows, shape)
    n = _parameters(rows)
    text = ngettext("{n} parameter in total, for {size} images.", "{n} parameters in total, for {size} images.", n)
    st.caption(text.format(n=format_number(n, ","), size=_size(shape)))


def _show(rows: tuple[LayerSummary, ...], shape: Shape) -> None:
    # Not st.html, which removes every SVG. The diagram contains nothing that a user typed.
    st.markdown(f"<div>{diagram(rows, shape)}</div>", unsafe_allow_html=True)
    st.table(
        {
            _("Layer"): [row.title for row in rows],
            _("Output"): [_size(row.shape) for row in rows],
            _("Parameters"): [format_number(row.parameters, ",") for row in rows],
        },
        hide_index=True,
    )


def _size(shape: Shape) -> str:
    return " × ".join(map(str, shape))


def _parameters(rows: tuple[LayerSummary, ...]) -> int:
    return sum(row.parameters for row in rows)


def _summary_or_none(network: str | Design, shape: Shape, n_classes: int) -> tuple[LayerSummary, ...] | None:
    try:
        return summary(network, shape, n_classes)
    except ConfigError:  # shown where the settings are checked
        return None


def _field_names(block: Block) -> tuple[str, ...]:
    return tuple(block.__dataclass_fields__)


def _key_with_default(name: str, value: Any) -> str:
    """Return the key of a widget, after giving a new widget this value."""
    st.session_state.setdefault(_key(name), value)
    return _key(name)


def _key(name: str) -> str:
    return f"train-own-{name.replace('_', '-')}"
