"""The settings of a training run: frozen dataclasses of plain values, and a short encoding of them for links.

Depends only on the error classes.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from model.errors import ConfigError
from model.plain_text import MAX_NAME, is_id, is_name

OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "step", "cosine", "one-cycle")
LOSSES = ("sparse", "categorical")
KEPT = ("best", "last")  # the epoch whose weights are saved
PRECISIONS = ("auto", "float32", "mixed_bfloat16")
ACTIVATIONS = ("relu", "elu", "gelu", "tanh", "sigmoid")
PADDINGS = ("valid", "same")

CUSTOM = "own"  # the preset of networks with a design of their own
MAX_BLOCKS, MAX_DENSE = 6, 4  # of a design

_MAX_REPR = 80  # characters of a value in a message
_MAX_PRESET, _MAX_ID = 40, 81  # characters; the id of a run contains its preset

# Common starting points: Keras's default for Adam, ten times that for SGD with momentum 0.9. The one-cycle peak is the
# best measured for one epoch with batches of 128 (docs/measurements.md); the cosine peak is that of the recipe `deep`.
_USUAL_LEARNING_RATE = {
    ("adam", "constant"): 0.001,
    ("adam", "step"): 0.001,
    ("adam", "cosine"): 0.003,
    ("adam", "one-cycle"): 0.008,
    ("adamw", "constant"): 0.001,
    ("adamw", "step"): 0.001,
    ("adamw", "cosine"): 0.003,
    ("adamw", "one-cycle"): 0.008,
    ("sgd", "constant"): 0.01,
    ("sgd", "step"): 0.01,
    ("sgd", "cosine"): 0.1,
    ("sgd", "one-cycle"): 0.1,
}


def usual_learning_rate(optimizer: str, schedule: str) -> float:
    """Return the learning rate to start from; for `cosine` and `one-cycle` it is the peak."""
    return _USUAL_LEARNING_RATE[optimizer, schedule]


@dataclass(frozen=True)
class Augmentation:
    """Limits of the random changes to a training image, each time it is used. By default, nothing changes.

    >>> bool(Augmentation()), bool(Augmentation(rotation=10))
    (False, True)
    """

    rotation: float = 0.0  # degrees, drawn from [-rotation, rotation]
    shift: float = 0.0  # share of the image's side, in both directions
    zoom: float = 0.0  # 0.1 draws a scale from [0.9, 1.1]
    flip: bool = False  # flip half of the images horizontally
    shear: float = 0.0  # degrees of slant, drawn from [-shear, shear]
    elastic: float = 0.0  # pixels, standard deviation of the elastic deformation

    def __post_init__(self) -> None:
        _check_number("rotation", self.rotation, 0, 180)
        _check_number("shift", self.shift, 0, 0.5)
        _check_number("zoom", self.zoom, 0, 0.5)
        _check_number("shear", self.shear, 0, 45)
        _check_number("elastic", self.elastic, 0, 5)
        _check_flag("flip", self.flip)

    def __bool__(self) -> bool:
        return any(getattr(self, setting.name) for setting in fields(self))


@dataclass(frozen=True)
class Block:
    """A convolution of a custom network, and the layers after it."""

    filters: int = 32  # 1 to 256
    kernel: int = 3  # 1 to 7, side of a filter
    padding: str = "valid"  # valid: the output is smaller | same: zeros around the image keep its size
    batch_normalization: bool = False  # between the convolution and its activation
    pooling: bool = True  # keep the largest of each 2 x 2 square

    def __post_init__(self) -> None:
        check_whole("filters", self.filters, 1, 256)
        check_whole("kernel", self.kernel, 1, 7)
        check_choice("padding", self.padding, PADDINGS)
        _check_flag("batch_normalization", self.batch_normalization)
        _check_flag("pooling", self.pooling)


@dataclass(frozen=True)
class Design:
    """A custom network: blocks of convolutions, then dense layers, then the softmax output."""

    blocks: tuple[Block, ...] = ()
    dense: tuple[int, ...] = ()  # neurons of each dense layer, 1 to 2,048
    dropout: float = 0.0  # share of the output layer's inputs dropped during training, 0 to 0.9
    activation: str = "relu"  # of all layers except the output: relu | elu | gelu | tanh | sigmoid

    def __post_init__(self) -> None:
        _check_tuple("blocks", self.blocks, MAX_BLOCKS)
        for block in self.blocks:
            _check_record("blocks", block, Block)
        _check_tuple("dense", self.dense, MAX_DENSE)
        for units in self.dense:
            check_whole("dense", units, 1, 2048)
        _check_number("dropout", self.dropout, 0, 0.9)
        check_choice("activation", self.activation, ACTIVATIONS)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"blocks": [asdict(block) for block in self.blocks], "dense": list(self.dense)}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build a design from JSON values. Raises ConfigError for unknown names and bad values."""
        values = _known_fields(cls, "design", values)
        for name in values.keys() & {"blocks", "dense"}:
            if not isinstance(values[name], list | tuple):
                raise ConfigError("{name} must be a list, got {value}.", name=name, value=_short(values[name]))
            values[name] = tuple(values[name])
        if "blocks" in values:
            known = (_known_fields(Block, "block", block) for block in values["blocks"])
            values["blocks"] = tuple(Block(**block) for block in known)
        return cls(**values)


@dataclass(frozen=True)
class TrainingConfig:
    """All settings of a training run: the same config gives the same run again."""

    dataset: str = "mnist"
    preset: str = "dense-128-dropout"
    epochs: int = 5
    batch_size: int = 32
    optimizer: str = "adam"  # adam | adamw (with weight decay 0.02) | sgd (with momentum 0.9)
    learning_rate: float = 0.001  # the peak, if the schedule has one
    schedule: str = "constant"  # constant | step | cosine | one-cycle
    loss: str = "sparse"  # cross-entropy on class numbers (sparse) or one-hot rows (categorical)
    label_smoothing: float = 0.0  # share of each one-hot row to spread over all classes
    validation_share: float = 1 / 12  # of the training images: 5,000 of MNIST's 60,000
    train_images: int = 0  # use only this many images; 0: all
    patience: int = 0  # stop after this many epochs without a better validation loss; 0: never
    augmentation: Augmentation = field(default_factory=Augmentation)
    invert: bool = False  # exchange light and dark, for images of dark ink on a light ground
    drawings: bool = False  # add drawn digits to the images and "not a digit" to the classes: see `drawings.mixing`
    keep: str = "best"  # weights to keep: best (the epoch with the lowest validation loss) | last
    seed: int = 0
    precision: str = "auto"  # auto: mixed_bfloat16 if the processor supports it, else float32
    start_from: str = ""  # a run to fine-tune on the drawings in this run's folder: see `drawings.fine_tuning`
    design: Design | None = None  # the layers of the preset "own"; None for every other preset

    def __post_init__(self) -> None:
        if not is_name(self.dataset):
            raise ConfigError(
                "{name} must be up to {most} letters, digits, spaces and signs other than slashes, got {value}.",
                name="dataset",
                most=MAX_NAME,
                value=_short(self.dataset),
            )
        _check_id("preset", self.preset, _MAX_PRESET)
        if self.start_from != "":
            _check_id("start_from", self.start_from, _MAX_ID)
        check_whole("epochs", self.epochs, 1, 1000)
        check_whole("batch_size", self.batch_size, 1, 4096)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_number("learning_rate", self.learning_rate, 1e-8, 100)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("loss", self.loss, LOSSES)
        _check_number("label_smoothing", self.label_smoothing, 0, 0.5)
        if self.label_smoothing and self.loss != "categorical":
            raise ConfigError(
                "{name} {value:g} needs one-hot labels. Set loss to categorical, or {name} to 0.",
                name="label_smoothing",
                value=self.label_smoothing,
            )
        _check_number("validation_share", self.validation_share, 0.01, 0.5)
        _check_record("augmentation", self.augmentation, Augmentation)
        check_whole("train_images", self.train_images, 0, 10_000_000)
        check_whole("patience", self.patience, 0, 1000)
        _check_flag("invert", self.invert)
        _check_flag("drawings", self.drawings)
        check_choice("keep", self.keep, KEPT)
        check_whole("seed", self.seed, 0, 2**31 - 1)
        check_choice("precision", self.precision, PRECISIONS)
        self._check_design()

    def _check_design(self) -> None:
        if self.design is not None:
            _check_record("design", self.design, Design)
        if self.preset == CUSTOM and self.design is None:
            raise ConfigError("The preset {preset} needs a design. Add one, or choose another preset.", preset=CUSTOM)
        if self.preset != CUSTOM and self.design is not None:
            raise ConfigError(
                "A design needs the preset {custom}, got {preset}. Change the preset, or remove the design.",
                custom=CUSTOM,
                preset=self.preset,
            )

    @property
    def network(self) -> str | Design:
        """The design if there is one, else the name of the preset: what the functions in `networks` accept."""
        return self.design or self.preset

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"design": self.design and self.design.to_dict()}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build a config from JSON values. Raises ConfigError for unknown names and bad values."""
        values = _known_fields(cls, "settings", values)
        if "augmentation" in values:
            known = _known_fields(Augmentation, "augmentation", values["augmentation"])
            values["augmentation"] = Augmentation(**known)
        if values.get("design") is not None:
            values["design"] = Design.from_dict(values["design"])
        return cls(**values)


def _known_fields(record: type[Any], name: str, values: Any) -> dict[str, Any]:
    names = [known.name for known in fields(record)]
    if not isinstance(values, dict):
        raise ConfigError(
            "{name} must be an object with the fields {known}, got {value}.",
            name=name,
            known=", ".join(names),
            value=_short(values),
        )
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise ConfigError(
            "Unknown field {field} in {name}. The fields are {known}.",
            field=_short(unknown[0]),
            name=name,
            known=", ".join(names),
        )
    return dict(values)


def _check_record(name: str, value: Any, record: type[Any]) -> None:
    if not isinstance(value, record):
        raise ConfigError(
            "{name} must be of the type {record}, got {value}.", name=name, record=record.__name__, value=_short(value)
        )


def _check_tuple(name: str, value: Any, max_length: int) -> None:
    if not isinstance(value, tuple):
        raise ConfigError("{name} must be a tuple, got {value}.", name=name, value=_short(value))
    if len(value) > max_length:
        raise ConfigError(
            "{name} must have at most {high} entries, got {length}.", name=name, high=max_length, length=len(value)
        )


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise ConfigError unless the setting `name` is a whole number from `low` to `high`, both inclusive."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(
            "{name} must be a whole number from {low} to {high}, got {value}.",
            name=name,
            low=low,
            high=high,
            value=_short(value),
        )


def _check_number(name: str, value: Any, low: float, high: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # false for NaN too
        raise ConfigError(
            "{name} must be a number from {low:g} to {high:g}, got {value}.",
            name=name,
            low=low,
            high=high,
            value=_short(value),
        )


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ConfigError unless the setting `name` is one of `choices`."""
    if value not in choices:
        raise ConfigError(
            "{name} must be one of {choices}, got {value}.",
            name=name,
            choices=", ".join(choices),
            value=_short(value),
        )


def _check_id(name: str, value: Any, most: int) -> None:
    if not is_id(value) or len(value) > most:
        raise ConfigError(
            "{name} must be up to {most} letters, digits, dots, dashes or underscores, got {value}.",
            name=name,
            most=most,
            value=_short(value),
        )


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise ConfigError("{name} must be true or false, got {value}.", name=name, value=_short(value))


def _short(value: Any) -> str:
    """Return the repr of a value, shortened if it is long: it may come from a link."""
    text = repr(value)
    return text if len(text) <= _MAX_REPR else f"{text[:_MAX_REPR]}…"


_MAX_TEXT = 4_000  # characters; settings take about 200


def settings_text(config: TrainingConfig) -> str:
    """Return the settings that differ from the defaults, encoded for use in a link."""
    usual = TrainingConfig().to_dict()
    values = {name: value for name, value in config.to_dict().items() if value != usual[name]}
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def settings_from(text: str) -> TrainingConfig:
    """Decode a text that `settings_text` returned. Raises ConfigError for anything else.

    >>> settings_from(settings_text(TrainingConfig(epochs=3))).epochs
    3
    """
    try:
        if len(text) > _MAX_TEXT:
            raise ValueError
        values = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise ConfigError(
            "The settings in this link can't be read: {text!r}… Copy the whole link again.", text=text[:30]
        ) from error
    return TrainingConfig.from_dict(values)
