"""The settings of a search: what varies, how values are chosen, how many trials, and what makes one better.

One frozen dataclass that is checked when it is built. Knows settings and estimates; knows nothing of Optuna or runs.
"""

import math
import random
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from model.config import TrainingConfig, check_choice, check_whole
from model.data import catalog
from model.errors import ConfigError
from model.limits import Limits
from model.networks.summary import check_memory
from model.training import estimates
from model.training.recipes import RECIPES
from model.training.training_data import check_config
from model.tuning.options import OBJECTIVES, PRUNERS, SAMPLERS, TRIALS
from model.tuning.space import (
    Choices,
    Parameters,
    Range,
    Space,
    check_space,
    config_of,
    corners,
    dimension_from_dict,
    grid,
    parse,
)

MAX_TRIALS = 200  # as many runs as a server saves by default
MAX_MINUTES = 10_080.0  # a week
# Measured beside the training itself: start of the worker, export and evaluation (docs/measurements.md).
TRIAL_OVERHEAD_S = 10.0
_SAMPLES = 32  # points of the space whose time is estimated


@dataclass(frozen=True)
class TuningSettings:
    """All settings of a search. Raises ConfigError for values out of range or ones that can't be combined."""

    config: TrainingConfig  # everything that doesn't vary
    space: Space
    sampler: str = "tpe"  # grid: all combinations | random | tpe: Tree-structured Parzen Estimator
    pruner: str = "median"  # none | median: stop a trial that is worse than half of the others at the same epoch
    trials: int = TRIALS  # at most
    minutes: float = 0.0  # no trial starts after this; 0: no limit
    objective: str = "accuracy"  # accuracy (highest) | loss (lowest), on the validation images
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.config, TrainingConfig):
            raise ConfigError("The config of a search must be the settings of a training.")
        if not isinstance(self.space, tuple) or not all(isinstance(d, Range | Choices) for d in self.space):
            raise ConfigError("The space of a search must be a tuple of ranges and choices.")
        check_choice("sampler", self.sampler, SAMPLERS)
        check_choice("pruner", self.pruner, PRUNERS)
        check_choice("objective", self.objective, OBJECTIVES)
        check_whole("trials", self.trials, 1, MAX_TRIALS)
        check_whole("seed", self.seed, 0, 2**31 - 1)
        if (
            isinstance(self.minutes, bool)
            or not isinstance(self.minutes, int | float)
            or not 0 <= self.minutes <= MAX_MINUTES
        ):
            raise ConfigError(
                "{name} must be a number from {low:g} to {high:g}, got {value}.",
                name="minutes",
                low=0,
                high=MAX_MINUTES,
                value=repr(self.minutes)[:40],
            )
        check_space(self.space, self.config)
        self._check_grid()

    def _check_grid(self) -> None:
        if self.sampler != "grid":
            return
        n = len(self.grid())
        if n > self.trials:
            raise ConfigError(
                "The grid has {n} combinations, more than the {trials} trials. Allow more trials, list fewer choices, "
                "or choose another sampler.",
                n=n,
                trials=self.trials,
            )

    @property
    def maximize(self) -> bool:
        """Whether a higher value is better."""
        return self.objective == "accuracy"

    @property
    def objective_name(self) -> str:
        """The name of the objective in an epoch's figures."""
        return f"val_{self.objective}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the hyperparameters that vary."""
        return tuple(dimension.name for dimension in self.space)

    def grid(self) -> list[dict[str, Any]]:
        """Return the points of the grid, shuffled so that the first ones are spread over it."""
        points = grid(self.space, self.trials)
        random.Random(self.seed).shuffle(points)  # noqa: S311 - nothing secret
        return points

    @property
    def n_trials(self) -> int:
        """The number of trials, which a small grid limits."""
        return min(self.trials, len(self.grid())) if self.sampler == "grid" else self.trials

    def config_of(self, parameters: Parameters) -> TrainingConfig:
        """Return the settings of a trial with these values. Raises ConfigError if they can't be combined."""
        return config_of(self.config, parameters)

    def seconds(self, slots: int = 1) -> float | None:
        """Estimate how long the search takes with `slots` trainings at a time; None if the network is unknown.

        Nothing is known yet of what a pruner saves, so it is left out.
        """
        drawn = random.Random(0)  # noqa: S311 - nothing secret
        known = []
        for _ in range(_SAMPLES):
            point = {dimension.name: drawn.choice(dimension.spread(9)) for dimension in self.space}
            try:
                known.append(estimates.estimate_seconds(self.config_of(point)))
            except ConfigError:
                continue
        seconds = [each for each in known if each is not None]
        if not seconds:
            return None
        one = sum(seconds) / len(seconds) + TRIAL_OVERHEAD_S
        whole = math.ceil(self.n_trials / max(slots, 1)) * one
        return min(whole, 60 * self.minutes + one) if self.minutes else whole

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"config": self.config.to_dict(), "space": [asdict(dimension) for dimension in self.space]}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build the settings from the values of `to_dict`. Raises ConfigError for anything else."""
        names = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or not {"config", "space"} <= set(values) <= names:
            raise ConfigError(
                "The settings of a search must be an object with {names}.", names=", ".join(sorted(names))
            )
        if not isinstance(values["space"], list):
            raise ConfigError("The space of a search must be a list.")
        space = tuple(map(dimension_from_dict, values["space"]))
        return cls(**values | {"config": TrainingConfig.from_dict(values["config"]), "space": space})


def check(settings: TuningSettings, limits: Limits | None = None) -> None:
    """Raise ConfigError for a search of which some trials could never be trained, before the first one starts.

    Checks the batches and the number of images, the networks, and the epochs that `limits` allow. Also raises
    DataError if the dataset doesn't exist or can't be read.
    """
    check_config(settings.config)
    shape, n_classes, n_images = _dataset(settings.config)
    for parameters in corners(settings.space):
        config = settings.config_of(parameters)
        _check_images(config, n_images)
        if limits and config.epochs > limits.epochs:
            raise ConfigError(
                "This server trains for at most {most} epochs, got {value}. Lower the number of epochs.",
                most=limits.epochs,
                value=config.epochs,
            )
        check_memory(config.network, shape, n_classes, config.batch_size)


def _dataset(config: TrainingConfig) -> tuple[tuple[int, int, int], int, int]:
    """Return the shape of the images, the number of classes, and the number of images to train on."""
    known = catalog.BUILTINS.get(config.dataset)
    if known:
        shape, n_classes, n_train = known.image_shape, len(known.class_names), known.n_train
    else:
        dataset = catalog.load(config.dataset)
        shape, n_classes, n_train = dataset.image_shape, len(dataset.class_names), len(dataset.y_train)
        if dataset.validation:
            return shape, n_classes + config.drawings, n_train
    return shape, n_classes + config.drawings, n_train - math.ceil(n_train * config.validation_share)


def _check_images(config: TrainingConfig, n_images: int) -> None:
    if config.drawings:  # which add images of their own
        return
    if config.train_images > n_images:
        raise ConfigError(
            "{name} can be at most {high:,}, the images that {dataset} has for training, got {value:,}.",
            name="train_images",
            high=n_images,
            dataset=config.dataset,
            value=config.train_images,
        )
    n_used = config.train_images or n_images
    if config.batch_size > n_used:
        raise ConfigError(
            "{name} can be at most {high:,}, the number of training images, got {value:,}. Choose smaller batches or "
            "more images.",
            name="batch_size",
            high=n_used,
            value=config.batch_size,
        )


def which_learning_rate(dataset: str = "mnist") -> TuningSettings:
    """Return the ready-made search "Which learning rate?": eight rates from far too small to far too large.

    The recipe five-seconds on 6,000 images, three times over, so that there are curves to compare. None is stopped
    early: the bad rates are part of the picture.
    """
    n_images = 0 if dataset == "uci-digits" else 6_000
    config = replace(RECIPES["five-seconds"].config, dataset=dataset, epochs=3, train_images=n_images)
    space = (parse("learning_rate=0.0001:1:log"),)
    return TuningSettings(config, space, sampler="grid", pruner="none", trials=8)
