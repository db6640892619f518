"""The exception tree. Every message is one sentence for a person: what came, what was expected, what to do.

Knows nothing else. Pages and the command line show these messages as they are; anything that is not a
`DigitLabError` is a bug of ours.
"""


class DigitLabError(Exception):
    """Whatever a user can cause and mend."""


class ConfigError(DigitLabError):
    """A setting out of its range, of the wrong type, or of an unknown name."""


class DataError(DigitLabError):
    """A dataset that is missing, cut, or not in the expected layout."""


class InkError(DigitLabError):
    """A drawing or a picture that can't be read as ink."""


class RunError(DigitLabError):
    """A run that does not exist, is damaged, or can't do what was asked of it."""


class TrainingError(DigitLabError):
    """A training that can't go on, such as one whose loss is no longer a number."""
