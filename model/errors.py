"""The exception tree. Every message is one sentence for a person: the problem, what is expected, and what to do.

Pages and the command line show these messages as they are; any other exception is a bug in Digit Lab.
"""


class DigitLabError(Exception):
    """Base class of errors that a user can cause and fix."""


class ConfigError(DigitLabError):
    """A setting out of its range, of the wrong type, or of an unknown name."""


class DataError(DigitLabError):
    """A dataset that is missing, cut, or not in the expected layout."""


class InkError(DigitLabError):
    """A drawing or a picture that can't be read as ink."""


class RunError(DigitLabError):
    """A run that does not exist, is damaged, or does not support what was asked for."""


class TrainingError(DigitLabError):
    """A training that can't continue, such as one whose loss is not a number."""
