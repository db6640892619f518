"""The public `train`. Importing it doesn't load TensorFlow; calling it does."""

from pathlib import Path
from typing import TYPE_CHECKING

from model.config import TrainingConfig
from model.data.dataset import Dataset
from model.results import Checkpoint
from model.training.commands import CommandQueue
from model.training.control import OnEvent

if TYPE_CHECKING:
    from model.training.loop import TrainingResult


def train(
    config: TrainingConfig,
    dataset: Dataset | None = None,
    on_event: OnEvent = lambda event: None,
    commands: CommandQueue | None = None,
    checkpoints: Path | None = None,
    resume: Checkpoint | None = None,
    start_from: Path | None = None,
) -> "TrainingResult":
    """Train a network with the settings of `config` and return it with its history: see `model.training.loop.train`."""
    from model.training import loop

    return loop.train(config, dataset, on_event, commands, checkpoints, resume, start_from)
