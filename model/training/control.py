"""Carry out commands between two batches: pause, train one batch, change the learning rate, stop, interrupt.

Imports neither Keras nor processes.
"""

from collections.abc import Callable

from model.runs.events import Event, PausedEvent, ResumedEvent, SetEvent
from model.training.commands import CommandName, CommandQueue, Interrupted
from model.training.schedules import ScheduledRate

OnEvent = Callable[[Event], None]


class StopRequested(Exception):
    """A command to stop and save the network; the text, if any, is the reason."""


class TrainingControl:
    """The pause state and the learning rate of one training, controlled by commands."""

    def __init__(self, commands: CommandQueue, rate: ScheduledRate, on_event: OnEvent):
        """Take commands from a queue and report every change to `on_event`."""
        self._commands, self._rate, self._on_event = commands, rate, on_event
        self.paused = False

    def handle_commands(self, step: int) -> None:
        """Carry out the commands received since the last batch; while paused, wait for more.

        Raises StopRequested or Interrupted if the training has to end after `step` batches.
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
