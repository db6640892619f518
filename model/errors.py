"""The exception tree. Every message is one sentence: what is wrong with which thing, and what to do.

Pages and the command line show these messages; any other exception is a bug in Digit Lab.
"""

from typing import Any

from model.messages import Message


class DigitLabError(Exception):
    """Base class of errors that a user can cause and fix.

    `text` is English with `str.format` placeholders, and a literal, so that Babel finds it; `values` fill them. `str`
    of an error is the English sentence; pages translate `message`.

    >>> error = ConfigError("{name} must be at least {low}, got {value}.", name="epochs", low=1, value=0)
    >>> str(error), error.values["name"]
    ('epochs must be at least 1, got 0.', 'epochs')
    """

    def __init__(self, text: str, /, **values: Any):
        super().__init__(text)
        # The values of an error are often taken from another one, whose sentence then stands inside this one.
        named = {name: v.message if isinstance(v, DigitLabError) else v for name, v in values.items()}
        self.message: Message = Message(text, named)

    @property
    def values(self) -> dict[str, Any]:
        """The values that the message mentions, by the name of their placeholder."""
        return dict(self.message.values)

    def __str__(self) -> str:
        return str(self.message)


class ConfigError(DigitLabError):
    """A setting out of its range, of the wrong type, or of an unknown name."""


class DataError(DigitLabError):
    """A dataset that is missing, cut, or not in the expected layout."""


class InkError(DigitLabError):
    """A drawing or a picture that can't be read as ink."""


class RunError(DigitLabError):
    """A run that does not exist, is damaged, or does not support what was asked for."""


class SchedulerError(RunError):
    """A training that can't be started or controlled because the Dask scheduler doesn't answer."""


class SearchError(DigitLabError):
    """A search for hyperparameters that does not exist, is damaged, or does not support what was asked for."""


class TrainingError(DigitLabError):
    """A training that can't continue, such as one whose loss is not a number."""
