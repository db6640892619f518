"""The search space: which settings of a training vary, and between which values.

`learning_rate=0.0001:0.1:log` is a range, `optimizer=adam,sgd` are choices, and a name alone stands for its usual
values. Turns the values of one trial into the settings of a training. Knows settings; knows nothing of Optuna or runs.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from model.config import CUSTOM, OPTIMIZERS, SCHEDULES, Augmentation, Block, Design, TrainingConfig
from model.errors import ConfigError
from model.networks.presets import PRESETS
from model.training.recipes import RECIPES

Value = int | float | str
Parameters = Mapping[str, Value]  # of one trial, by the name of the hyperparameter

MAX_CHOICES = 20  # of one hyperparameter
_MAX_SHOWN = 60  # characters of a wrong text in a message
_MAX_FILTERS = 256  # of a block
_FULL_AUGMENTATION = RECIPES["best"].config.augmentation  # strength 1, unless the settings have an augmentation

# The limits of each number; a wider range in the settings themselves would only fail later.
_WHOLE: dict[str, tuple[int, int]] = {
    "batch_size": (1, 4096),
    "epochs": (1, 1000),
    "blocks": (1, 6),
    "filters": (1, 256),
    "dense_units": (1, 2048),
    "train_images": (1, 10_000_000),
}
_NUMBERS: dict[str, tuple[float, float]] = {"learning_rate": (1e-8, 100), "dropout": (0, 0.9), "augmentation": (0, 3)}
CHOICES_OF_WORDS: dict[str, tuple[str, ...]] = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "preset": tuple(PRESETS),
}
LAYER_NAMES = ("blocks", "filters", "dense_units", "dropout")  # these change the layers of a custom network

# Usual values, as text: what `--vary NAME` and the page start with.
USUAL = {
    "learning_rate": "0.0001:0.1:log",
    "batch_size": "16,32,64,128,256",
    "epochs": "1:10",
    "optimizer": ",".join(OPTIMIZERS),
    "schedule": ",".join(SCHEDULES),
    "preset": ",".join(PRESETS),
    "blocks": "1:3",
    "filters": "8,16,32,64",
    "dense_units": "32,64,128,256",
    "dropout": "0:0.5",
    "augmentation": "0:1",
    "train_images": "100,200,500,1000",
}
NAMES = tuple(USUAL)


@dataclass(frozen=True)
class Range:
    """A hyperparameter between two numbers; whole numbers if both bounds are."""

    name: str
    low: float
    high: float
    log: bool = False  # whether each factor of ten is as likely as the next

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.name in CHOICES_OF_WORDS:
            raise ConfigError(
                "{name} can't be a range. List its values, as in {name}={example}.",
                name=self.name,
                example=USUAL[self.name],
            )
        for bound in (self.low, self.high):
            _check_number(self.name, bound)
        if not isinstance(self.log, bool):
            raise ConfigError("log must be true or false for the range of {name}.", name=self.name)
        if not self.low < self.high:
            raise ConfigError(
                "The range of {name} is empty: {low:g} to {high:g}. Give the lower bound first and a higher one after "
                "it, as in {name}={example}.",
                name=self.name,
                low=self.low,
                high=self.high,
                example=_EXAMPLES[self.name],
            )
        if self.log and self.low <= 0:
            raise ConfigError(
                "The range of {name} must start above 0 to be searched on a log scale, got {low:g}. Raise the lower "
                "bound, or leave out log.",
                name=self.name,
                low=self.low,
            )

    @property
    def is_whole(self) -> bool:
        """Whether the values are whole numbers."""
        return self.name in _WHOLE

    def extremes(self) -> tuple[Value, ...]:
        """Return the lowest and the highest value."""
        return (self.low, self.high)

    def spread(self, n: int) -> tuple[Value, ...]:
        """Return `n` values at equal distances, of which there are fewer if whole numbers would repeat.

        >>> Range("learning_rate", 0.001, 0.1, log=True).spread(3)
        (0.001, 0.01, 0.1)
        """
        if n == 1:
            return (self._rounded(math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2),)
        shares = [i / (n - 1) for i in range(n)]
        if self.log:
            values = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            values = [self.low + (self.high - self.low) * share for share in shares]
        # The bounds themselves, which rounding could move out of the range.
        return tuple(dict.fromkeys((self.low, *map(self._rounded, values[1:-1]), self.high)))

    def _rounded(self, value: float) -> Value:
        return round(value) if self.is_whole else float(f"{value:.6g}")

    def __str__(self) -> str:
        return f"{self.name}={self.low:g}:{self.high:g}{':log' * self.log}"


@dataclass(frozen=True)
class Choices:
    """A hyperparameter with a few values to choose from."""

    name: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not isinstance(self.values, tuple):
            raise ConfigError("The choices of {name} must be a tuple.", name=self.name)
        for value in self.values:
            _check_value(self.name, value)
        if len(set(self.values)) < len(self.values):
            raise ConfigError("The choices of {name} must differ. Remove the repeated value.", name=self.name)
        if not 2 <= len(self.values) <= MAX_CHOICES:
            raise ConfigError(
                "{name} needs 2 to {most} choices, got {n}. List them with commas, as in {name}={example}.",
                name=self.name,
                most=MAX_CHOICES,
                n=len(self.values),
                example=USUAL[self.name] if "," in USUAL[self.name] else _EXAMPLES[self.name],
            )

    def extremes(self) -> tuple[Value, ...]:
        """Return the lowest and the highest number, or all words."""
        numbers = [value for value in self.values if not isinstance(value, str)]
        return (min(numbers), max(numbers)) if numbers else self.values

    def spread(self, n: int) -> tuple[Value, ...]:
        """Return all values; a grid leaves none out."""
        return self.values

    def __str__(self) -> str:
        return f"{self.name}={','.join(v if isinstance(v, str) else f'{v:g}' for v in self.values)}"


Dimension = Range | Choices
Space = tuple[Dimension, ...]

_EXAMPLES = {
    name: text
    for name, text in (USUAL | {"batch_size": "16:256:log", "filters": "8:64:log", "dense_units": "32:256:log"}).items()
    if ":" in text
} | {"train_images": "100:1000:log"}


def parse(text: str) -> Dimension:
    """Return one dimension from `name`, `name=low:high[:log]` or `name=a,b,c`. Raises ConfigError for anything else.

    >>> parse("batch_size=16,32"), parse("dropout=0:0.5")
    (Choices(name='batch_size', values=(16, 32)), Range(name='dropout', low=0.0, high=0.5, log=False))
    """
    name, _, given = (part.strip() for part in text.partition("="))
    _check_name(name)
    if "=" in text and not given:
        raise ConfigError(
            "{name} has no values. Give a range or choices, as in {name}={example}.", name=name, example=USUAL[name]
        )
    values = given or USUAL[name]
    return _range(name, values) if ":" in values else _choices(name, values)


def _range(name: str, text: str) -> Range:
    low, high, *scale = (part.strip() for part in text.split(":"))
    if scale not in ([], ["log"]):
        raise ConfigError(
            "{text} is not a range. Write {name}=LOW:HIGH or {name}=LOW:HIGH:log.", text=_shown(text), name=name
        )
    if name in CHOICES_OF_WORDS:
        raise ConfigError(
            "{name} can't be a range. List its values, as in {name}={example}.", name=name, example=USUAL[name]
        )
    low_number, high_number = _number(name, low), _number(name, high)
    return Range(name, low_number, high_number, log=bool(scale))


def _choices(name: str, text: str) -> Choices:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return Choices(name, tuple(parts) if name in CHOICES_OF_WORDS else tuple(_number(name, part) for part in parts))


def _number(name: str, text: str) -> int | float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError("{name} needs numbers, got {text}.", name=name, text=_shown(text))
    return int(number) if name in _WHOLE and number == int(number) else number


def dimension_from_dict(values: Any) -> Dimension:
    """Build a dimension from JSON values. Raises ConfigError for anything else."""
    kinds: tuple[type[Range] | type[Choices], ...] = (Range, Choices)
    for kind in kinds:
        names = {field.name for field in fields(kind)}
        if isinstance(values, dict) and set(values) == names:
            given = values | {"values": tuple(values["values"])} if kind is Choices and _is_list(values) else values
            return kind(**given)
    raise ConfigError(
        "A search space consists of ranges (name, low, high, log) and choices (name, values), got {value}.",
        value=_shown(repr(values)),
    )


def _is_list(values: dict[str, Any]) -> bool:
    return isinstance(values["values"], list | tuple)


def check_space(space: Space, config: TrainingConfig) -> None:
    """Raise ConfigError if a space is empty, names a hyperparameter twice, or its dimensions can't be combined."""
    if not space:
        raise ConfigError(
            "A search needs at least one hyperparameter to vary. Choose one of {names}.", names=_listed(NAMES)
        )
    names = [dimension.name for dimension in space]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ConfigError("{name} varies twice. Give all its values at once.", name=twice)
    layers = [name for name in names if name in LAYER_NAMES]
    if layers and "preset" in names:
        raise ConfigError(
            "{name} can't vary together with the preset, because a preset has fixed layers. Vary one of them.",
            name=layers[0],
        )
    if layers:
        _base_design(config, layers[0])


def config_of(config: TrainingConfig, parameters: Parameters) -> TrainingConfig:
    """Return the settings of one trial: `config` with the values of `parameters`.

    Raises ConfigError if the values can't be combined.

    >>> config_of(TrainingConfig(), {"dropout": 0.3, "batch_size": 64}).design.dropout
    0.3
    """
    values: dict[str, Any] = {name: value for name, value in parameters.items() if name in _DIRECT}
    if "augmentation" in parameters:
        values["augmentation"] = scaled(config.augmentation or _FULL_AUGMENTATION, float(parameters["augmentation"]))
    layers = {name: value for name, value in parameters.items() if name in LAYER_NAMES}
    if layers:
        values |= {"preset": CUSTOM, "design": _design(_base_design(config, next(iter(layers))), layers)}
    elif "preset" in values:
        values["design"] = None
    return replace(config, **values)


_DIRECT = frozenset(NAMES) - {*LAYER_NAMES, "augmentation"}  # settings of a training under the same name


def scaled(augmentation: Augmentation, strength: float) -> Augmentation:
    """Return an augmentation with all its limits multiplied by `strength`; flipping stays as it is."""
    limits = {f.name: getattr(augmentation, f.name) for f in fields(augmentation) if f.name != "flip"}
    most = {"rotation": 180.0, "shift": 0.5, "zoom": 0.5, "shear": 45.0, "elastic": 5.0}
    return replace(augmentation, **{name: min(strength * value, most[name]) for name, value in limits.items()})


def _base_design(config: TrainingConfig, name: str) -> Design:
    """Return the layers to vary: those of the settings, as a custom network."""
    if config.design:
        return config.design
    if config.preset in _DESIGNS:
        return _DESIGNS[config.preset]
    raise ConfigError(
        "{name} can't vary with the preset {preset}, whose layers are fixed. Choose {choices} or a custom network.",
        name=name,
        preset=config.preset,
        choices=_listed(tuple(_DESIGNS)),
    )


_BLOCKS = (Block(32), Block(64))
_DESIGNS = {  # the same layers as the presets of these names
    "dense-64": Design(_BLOCKS, (64,)),
    "dense-128": Design(_BLOCKS, (128,)),
    "dense-128-dropout": Design(_BLOCKS, (128,), 0.2),
}


def _design(base: Design, layers: Parameters) -> Design:
    """Return a design with other layers; each block has twice the filters of the one before it."""
    n_blocks = int(layers.get("blocks", len(base.blocks)))
    blocks = list(base.blocks[:n_blocks])
    while len(blocks) < n_blocks:
        last = blocks[-1] if blocks else Block(16)
        blocks.append(replace(last, filters=min(2 * last.filters, _MAX_FILTERS)))
    if "filters" in layers:
        first = int(layers["filters"])
        blocks = [replace(block, filters=min(first * 2**i, _MAX_FILTERS)) for i, block in enumerate(blocks)]
    dense = (int(layers["dense_units"]),) if "dense_units" in layers else base.dense
    dropout = float(layers.get("dropout", base.dropout))
    return replace(base, blocks=tuple(blocks), dense=dense, dropout=dropout)


def corners(space: Space) -> Iterator[dict[str, Value]]:
    """Yield all combinations of the extreme values that decide whether a network can be built and trained."""
    relevant = [dimension for dimension in space if dimension.name in _DECISIVE]
    for values in product(*(dimension.extremes() for dimension in relevant)):
        yield dict(zip((dimension.name for dimension in relevant), values, strict=True))


_DECISIVE = ("batch_size", "epochs", "preset", "blocks", "filters", "dense_units", "train_images")


def grid(space: Space, most: int) -> list[dict[str, Value]]:
    """Return the points of a grid in order; ranges get as many values as keep it within `most` points.

    >>> len(grid((parse("learning_rate"), parse("optimizer=adam,sgd")), most=9))
    8
    """
    counts = [2 if isinstance(dimension, Range) else 0 for dimension in space]
    points = [dimension.spread(count) for dimension, count in zip(space, counts, strict=True)]
    growing = [i for i, dimension in enumerate(space) if isinstance(dimension, Range)]
    while growing:
        i = min(growing, key=lambda index: len(points[index]))
        wider = space[i].spread(counts[i] + 1)
        size = math.prod(len(wider if j == i else values) for j, values in enumerate(points))
        if size > most or counts[i] > most:
            growing.remove(i)
        else:
            counts[i] += 1
            points[i] = wider
    return [dict(zip((d.name for d in space), values, strict=True)) for values in product(*points)]


def _check_name(name: object) -> None:
    if name not in NAMES:
        raise ConfigError(
            "{name} isn't a hyperparameter that a search can vary. Choose one of {names}.",
            name=_shown(str(name)),
            names=_listed(NAMES),
        )


def _check_value(name: str, value: Any) -> None:
    if name not in CHOICES_OF_WORDS:
        _check_number(name, value)
    elif value not in CHOICES_OF_WORDS[name]:
        raise ConfigError(
            "{name} must be one of {choices}, got {value}.",
            name=name,
            choices=_listed(CHOICES_OF_WORDS[name]),
            value=_shown(repr(value)),
        )


def _check_number(name: str, value: Any) -> None:
    low, high = _WHOLE.get(name) or _NUMBERS[name]
    kinds = (int,) if name in _WHOLE else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:  # false for NaN too
        values = {"name": name, "low": low, "high": high, "value": _shown(repr(value))}
        if name in _WHOLE:
            raise ConfigError("{name} must be a whole number from {low:g} to {high:g}, got {value}.", **values)
        raise ConfigError("{name} must be a number from {low:g} to {high:g}, got {value}.", **values)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
