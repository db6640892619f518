"""Named networks as lists of layers, and the layers of custom networks."""

from collections.abc import Iterator
from dataclasses import dataclass

from model.config import Block, Design
from model.errors import ConfigError
from model.messages import N_
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
    """A named network: its layers without the output, and one sentence on why to choose it."""

    name: str
    why: str
    layers: tuple[Layer, ...]


def _block(filters: int) -> tuple[Layer, ...]:
    convolution = _convolution(Block(filters, padding="same", batch_normalization=True), "relu")
    return (*convolution, *convolution)


def _convolution(block: Block, activation: str) -> tuple[Layer, ...]:
    """Return a block's convolution. Without a bias before batch normalization, which has its own offset."""
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
            N_("The classroom network with a smaller dense layer: half the parameters, nearly the same accuracy."),
            (*_CONVOLUTIONS, Dense(64)),
        ),
        Preset(
            "dense-128",
            N_("The classroom network: two convolutions find strokes and corners, 128 neurons combine them."),
            (*_CONVOLUTIONS, Dense(128)),
        ),
        Preset(
            "dense-128-dropout",
            N_("The classroom network with dropout: a random fifth of the 128 neurons is off in each training step."),
            (*_CONVOLUTIONS, Dense(128), Dropout(0.2)),
        ),
        Preset(
            "deep",
            N_(
                "Three pairs of convolutions with batch normalization detect strokes, then corners, then whole digits. "
                "It takes longer to train, and reads real handwriting best."
            ),
            (*_block(32), MaxPooling(), *_block(64), MaxPooling(), *_block(128), GlobalAveragePooling()),
        ),
    )
}


# The same layers as dense-128-dropout, as a starting point for custom networks.
CLASSROOM = Design(blocks=(Block(32), Block(64)), dense=(128,), dropout=0.2)


def layers_of(network: str | Design, n_classes: int) -> tuple[Layer, ...]:
    """Return the layers of a preset or design, with the softmax output. Raises ConfigError for an unknown name."""
    return (*(_custom(network) if isinstance(network, Design) else _preset(network)), Dense(n_classes, "softmax"))


def _preset(name: str) -> tuple[Layer, ...]:
    if name not in PRESETS:
        raise ConfigError(
            "{name} must be one of {choices}, got {value!r}.", name="preset", choices=", ".join(PRESETS), value=name
        )
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
