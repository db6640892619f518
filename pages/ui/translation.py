"""Texts in the visitor's language: every text that a page shows passes through here.

`_` and `ngettext` mark a text where it stands, and translate it; constants and the messages of `model` are marked by
`N_` and `Message` and translated by `_` and `translate` when they are shown. A text is a whole sentence with named
placeholders, filled after it was translated: `_("{n} of {total} images").format(n=n, total=total)`.

`pybabel extract -F pyproject.toml --add-location=file -o digit_lab.pot .` writes the translators' template; the
languages are in `pages/ui/language.py`. No Streamlit, so that charts can use it.
"""

from gettext import NullTranslations
from string import Formatter
from typing import Any

from model.errors import DigitLabError
from model.messages import N_, Listing, Message, Term
from model.results import NO_DIGIT
from pages.ui import language

_NOT_A_DIGIT = N_("not a digit")  # on disk the class has another name, which old runs contain


def catalog() -> NullTranslations:
    """Return the translations into the visitor's language."""
    return language.catalog(language.current())


def _(text: str) -> str:
    """Return `text` in the visitor's language."""
    return catalog().gettext(text)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return the text for `n` things in the visitor's language; its placeholders are still to be filled."""
    return catalog().ngettext(singular, plural, n)


def translate(message: Message | DigitLabError | str) -> str:
    """Return a message, an error or a constant of `model` in the visitor's language, with its values.

    Numbers with a format, such as `{n:,}`, are written as the language writes them.

    >>> translate(Message("{n} images", {"n": 3}))
    '3 images'
    """
    if isinstance(message, DigitLabError):
        message = message.message
    if isinstance(message, str):
        return _(message)
    return _Translated().vformat(_(message.text), (), message.values)


class _Translated(Formatter):
    """`str.format`, with the values in the visitor's language."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return formatted(value, format_spec)


def formatted(value: Any, format_spec: str) -> str:
    """Return a value as it stands in a text in the visitor's language; names and numbers without a format stay."""
    if isinstance(value, Message | Term):
        return translate(value)
    if isinstance(value, Listing):
        return ", ".join(map(translate, value.messages))
    is_text = isinstance(value, str) or not format_spec
    return format(value, format_spec) if is_text else language.format_number(value, format_spec)


def class_label(name: str) -> str:
    """Return the name of a class as a page shows it."""
    return _(_NOT_A_DIGIT if name == NO_DIGIT else name)
