"""Named networks as lists of layers, and the layers of a design."""

from collections.abc import Iterator
from dataclasses import dataclass

from model.config import Block, Design
from model.errors import ConfigError
from model.networks.layers import (
    Activation,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    Layer,
    MaxPooling,
)


@dataclass(frozen=True)
class Preset:
    """A named network: its layers up to the output, and one sentence on why to choose it."""

    name: str
    why: str
    layers: tuple[Layer, ...]


def _block(filters: int) -> tuple[Layer, ...]:
    convolution = _convolution(Block(filters, padding="same", batch_normalization=True), "relu")
    return (*convolution, *convolution)


def _convolution(block: Block, activation: str) -> tuple[Layer, ...]:
    """Return a block's convolution. The normalization has a mean of its own, so no bias stands before it."""
    if not block.batch_normalization:
        return (Convolution(block.filters, block.kernel, block.padding, activation),)
    convolution = Convolution(block.filters, block.kernel, block.padding, "linear", bias=False)
    return (convolution, BatchNormalization(), Activation(activation))


_CONVOLUTIONS = (Convolution(32), MaxPooling(), Convolution(64), MaxPooling(), Flatten())

PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "dense-64",
            "The classroom network with a narrow last layer: half the parameters, nearly the same accuracy.",
            (*_CONVOLUTIONS, Dense(64)),
        ),
        Preset(
            "dense-128",
            "The classroom network: two convolutions find strokes and corners, 128 neurons combine them.",
            (*_CONVOLUTIONS, Dense(128)),
        ),
        Preset(
            "dense-128-dropout",
            "The same with a fifth of the 128 neurons silenced at random, so that none is relied on alone.",
            (*_CONVOLUTIONS, Dense(128), Dropout(0.2)),
        ),
        Preset(
            "deep",
            "Three pairs of convolutions with batch normalization see strokes, then corners, then whole digits: "
            "slower to train, and the one that reads real handwriting best.",
            (*_block(32), MaxPooling(), *_block(64), MaxPooling(), *_block(128), GlobalAveragePooling()),
        ),
    )
}


# The same as dense-128-dropout, as a start for a custom network.
CLASSROOM = Design(blocks=(Block(32), Block(64)), dense=(128,), dropout=0.2)


def layers_of(network: str | Design, n_classes: int) -> tuple[Layer, ...]:
    """Return the layers of a preset or a design with the softmax output. Raises ConfigError for an unknown name."""
    return (*(_custom(network) if isinstance(network, Design) else _preset(network)), Dense(n_classes, "softmax"))


def _preset(name: str) -> tuple[Layer, ...]:
    if name not in PRESETS:
        raise ConfigError(f"preset came as {name!r}; expected one of {', '.join(PRESETS)}.")
    return PRESETS[name].layers


def _custom(design: Design) -> Iterator[Layer]:
    for block in design.blocks:
        yield from _convolution(block, design.activation)
        if block.pooling:
            yield MaxPooling()
    yield Flatten()
    yield from (Dense(units, design.activation) for units in design.dense)
    if design.dropout:
        yield Dropout(design.dropout)
