"""The two JSON files of a run folder as typed values: config.json (the settings) and run.json (the result).

Each is parsed once and strictly: types, ranges and matching lengths. A run with a file that doesn't parse is damaged.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from model.config import TrainingConfig
from model.plain_text import readable
from model.results import MAX_CLASSES, UNCALIBRATED, Calibration, Inspection, Metrics, class_name
from model.runs.events import RunState

FORMAT = 1
_MAX_TEXT = 2_000  # characters


@dataclass(frozen=True)
class DatasetInfo:
    """The dataset of a training, as it was when the worker loaded it."""

    name: str
    source: str  # where it was loaded from, for people to read
    fingerprint: str  # of all arrays: shows whether stored predictions belong to the loaded images
    n_train: int
    n_test: int
    image_shape: tuple[int, int, int]  # height, width, channels
    class_names: tuple[str, ...]  # of the network's output, with "no digit" if it was added
    training_fingerprint: str = ""  # of the training images; empty in runs of the first version
    inspection: Inspection | None = None  # before drawings were added; None in runs of earlier versions

    def has_same_images(self, other: Self) -> bool:
        """Return whether both datasets have the same images, as far as their fingerprints are known."""
        training = self.training_fingerprint, other.training_fingerprint
        return self.fingerprint == other.fingerprint and (not all(training) or training[0] == training[1])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = asdict(self) | {"image_shape": list(self.image_shape), "class_names": list(self.class_names)}
        return values | {"inspection": self.inspection and self.inspection.to_dict()}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from the values of `to_dict`. Raises ValueError for anything else."""
        _check_keys(values, ("name", "source", "fingerprint", "n_train", "n_test", "image_shape", "class_names"))
        shape, names, inspection = values["image_shape"], values["class_names"], values.get("inspection")
        if not isinstance(shape, list) or len(shape) != 3:
            raise ValueError("image_shape must be [height, width, channels]")
        if not isinstance(names, list) or not 0 < len(names) <= MAX_CLASSES:
            raise ValueError(f"class_names must be a list of 1 to {MAX_CLASSES} names")
        height, width, channels = (_whole("image_shape", side, 1) for side in shape)
        return cls(
            name=_text("name", values["name"]),
            source=_text("source", values["source"]),
            fingerprint=_text("fingerprint", values["fingerprint"]),
            n_train=_whole("n_train", values["n_train"]),
            n_test=_whole("n_test", values["n_test"]),
            image_shape=(height, width, channels),
            class_names=tuple(map(class_name, names)),
            training_fingerprint=_text("training_fingerprint", values.get("training_fingerprint", "")),
            inspection=Inspection.from_dict(inspection) if inspection else None,
        )


@dataclass(frozen=True)
class RunDescription:
    """config.json: the settings when a run is created; dataset and library versions are added by the worker."""

    config: TrainingConfig
    created: str = ""  # ISO 8601, UTC
    dataset: DatasetInfo | None = None
    versions: dict[str, str] = field(default_factory=dict)  # library -> version
    extends: str = ""  # the run that this one continues

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values: dict[str, Any] = {"created": self.created, "config": self.config.to_dict()}
        if self.extends:
            values["extends"] = self.extends
        if self.dataset:
            values |= {"dataset": self.dataset.to_dict(), "versions": self.versions}
        return values

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from the values of `to_dict`. Raises ValueError or ConfigError for anything else."""
        _check_keys(values, ("config",))
        dataset, versions = values.get("dataset"), values.get("versions", {})
        if not isinstance(versions, dict):
            raise ValueError("versions must be an object")
        return cls(
            config=TrainingConfig.from_dict(values["config"]),
            created=_text("created", values.get("created", "")),
            dataset=None if dataset is None else DatasetInfo.from_dict(dataset),
            versions={readable(str(name)): readable(str(version)) for name, version in versions.items()},
            extends=_text("extends", values.get("extends", "")),
        )


@dataclass(frozen=True)
class CardFigure:
    """One measured figure of a model card."""

    what: str
    figure: str
    n: str


@dataclass(frozen=True)
class ModelCard:
    """The training data, recipe, measurements and weaknesses of a shipped network, as English sentences."""

    data: tuple[str, ...] = ()
    recipe: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    figures: tuple[CardFigure, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.data or self.recipe or self.weaknesses or self.figures)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the card from JSON values. Raises ValueError if they aren't lists of sentences and figures."""
        _check_keys(values, ())
        sentences = {name: values.get(name, []) for name in ("data", "recipe", "weaknesses", "figures")}
        if not all(isinstance(value, list) for value in sentences.values()):
            raise ValueError("every entry of card must be a list")
        figures = sentences.pop("figures")
        for item in figures:
            _check_keys(item, ("what", "figure"))
        return cls(
            **{name: tuple(_text(name, line) for line in lines) for name, lines in sentences.items()},
            figures=tuple(
                CardFigure(*(readable(str(item.get(key, ""))) for key in ("what", "figure", "n"))) for item in figures
            ),
        )


@dataclass(frozen=True, eq=False)
class TrainingOutcome:
    """The result of a training that finished or was stopped: figures of the final network on the test set."""

    metrics: Metrics
    parameters: int
    kept_epoch: int
    epochs: int  # trained and validated
    steps: int = 0
    seconds: float = 0.0  # of training, without pauses
    precision: str = ""  # the Keras dtype policy
    calibration: Calibration = UNCALIBRATED
    n_rejected: int = 0  # test images that a calibrated network would reject
    card: ModelCard = ModelCard()
    network_bytes: int = 0  # size of model.tflite; 0 if unknown, in runs of earlier versions


@dataclass(frozen=True, eq=False)
class Manifest:
    """run.json: the final state of a run. `outcome` is None if the training failed."""

    state: RunState
    reason: str = ""  # why it failed or ended early
    outcome: TrainingOutcome | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values: dict[str, Any] = {"format": FORMAT, "status": str(self.state)}
        if self.reason:
            values["reason"] = self.reason
        if self.outcome:
            result = self.outcome
            for name in ("kept_epoch", "epochs", "steps", "seconds", "precision", "parameters"):
                values[name] = getattr(result, name)
            if result.network_bytes:
                values["network_bytes"] = result.network_bytes
            if result.calibration.is_fitted:
                values |= {"calibration": result.calibration.to_dict(), "refused": result.n_rejected}
            values["figures"] = result.metrics.to_dict()
            if result.card:
                values["card"] = asdict(result.card)
        return values

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the record from the values of `to_dict`. Raises ValueError for anything else."""
        _check_keys(values, ("status",))
        if _whole("format", values.get("format", FORMAT)) > FORMAT:
            raise ValueError(f"it was written by a later version, format {values['format']}")
        state = RunState(values["status"])
        if state not in (RunState.FINISHED, RunState.STOPPED, RunState.FAILED):
            raise ValueError(f"status must be finished, stopped or failed, got {state}")
        if state is not RunState.FAILED and not values.get("figures"):
            raise ValueError("figures is missing")
        return cls(state, _text("reason", values.get("reason", "")), _outcome(values))


def _outcome(values: dict[str, Any]) -> TrainingOutcome | None:
    if not values.get("figures"):
        return None
    _check_keys(values, ("parameters", "kept_epoch", "epochs"))
    calibration, card = values.get("calibration"), values.get("card")
    return TrainingOutcome(
        metrics=Metrics.from_dict(values["figures"]),
        parameters=_whole("parameters", values["parameters"]),
        kept_epoch=_whole("kept_epoch", values["kept_epoch"]),
        epochs=_whole("epochs", values["epochs"]),
        steps=_whole("steps", values.get("steps", 0)),
        seconds=_number("seconds", values.get("seconds", 0.0)),
        precision=_text("precision", values.get("precision") or ""),
        calibration=Calibration.from_dict(calibration) if calibration else UNCALIBRATED,
        n_rejected=_whole("refused", values.get("refused", 0)),
        card=ModelCard.from_dict(card) if isinstance(card, dict) else ModelCard(),
        network_bytes=_whole("network_bytes", values.get("network_bytes", 0)),
    )


def _check_keys(values: Any, needed: tuple[str, ...]) -> None:
    if not isinstance(values, dict):
        raise ValueError(f"the values must be an object, got {type(values).__name__}")
    missing = [key for key in needed if key not in values]
    if missing:
        raise ValueError(f"{missing[0]} is missing")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text, got {type(value).__name__}")
    return readable(value[:_MAX_TEXT])


def _whole(name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**53:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r:.40}")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e300:  # false for NaN too
        raise ValueError(f"{name} must be a number of at least 0, got {value!r:.40}")
    return float(value)
