"""Carries out a person's commands between two batches: pause, one batch, another learning rate, stop, interrupt.

Imports neither Keras nor anything of processes.
"""

from collections.abc import Callable

from model.runs.events import Event, PausedEvent, ResumedEvent, SetEvent
from model.training.commands import CommandName, CommandQueue, Interrupted
from model.training.schedules import ScheduledRate

OnEvent = Callable[[Event], None]


class StopRequested(Exception):
    """Somebody asked to stop and keep the network; the text, if any, is the reason."""


class TrainingControl:
    """The pause and the learning rate of one training, as commands change them."""

    def __init__(self, commands: CommandQueue, rate: ScheduledRate, on_event: OnEvent):
        """Take commands from a queue; what they change is passed to `on_event`."""
        self._commands, self._rate, self._on_event = commands, rate, on_event
        self.paused = False

    def obey(self, step: int) -> None:
        """Carry out the commands since the last batch; while paused, wait for more.

        Raises StopRequested or Interrupted where the training must end after `step` batches.
        """
        while command := self._commands.get(wait=self.paused):
            match command.do:
                case CommandName.PAUSE:
                    self._pause(step)
                case CommandName.RESUME if self.paused:
                    self.paused = False
                    self._on_event(ResumedEvent(step=step))
                case CommandName.STEP if command.after is None or command.after >= step:
                    self._pause(step)
                    return
                case CommandName.SET if command.learning_rate is not None:
                    self._set_learning_rate(step, command.learning_rate)
                case CommandName.STOP:
                    raise StopRequested(command.reason or "")
                case CommandName.INTERRUPT:
                    raise Interrupted

    def _pause(self, step: int) -> None:
        if not self.paused:
            self.paused = True
            self._on_event(PausedEvent(step=step))

    def _set_learning_rate(self, step: int, wanted: float) -> None:
        if self._rate.set(step, wanted):
            self._on_event(SetEvent(step=step, learning_rate=wanted, rate_factor=self._rate.factor))
