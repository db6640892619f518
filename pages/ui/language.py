"""The languages of the pages, and which of them the current visitor reads.

Each language is one file, `pages/ui/locale/<code>.po`, in gettext's format; English needs none, because it is the
language of the texts in the code. No Streamlit: `pages.ui.shell.languages` finds out what a visitor reads.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"
FOLDER = Path(__file__).parent / "locale"

_fixed: ContextVar[str | None] = ContextVar("language", default=None)
_language_of_visitor: Callable[[], str] = lambda: ENGLISH  # noqa: E731


def ask_for_language(function: Callable[[], str]) -> None:
    """Register the function that returns the code of the current visitor's language."""
    global _language_of_visitor
    _language_of_visitor = function


def current() -> str:
    """Return the code of the language in which texts are shown now."""
    return _fixed.get() or _language_of_visitor()


@contextmanager
def using(code: str) -> Iterator[None]:
    """Show texts in this language, not the visitor's: for texts that a background thread prepares."""
    token = _fixed.set(code)
    try:
        yield
    finally:
        _fixed.reset(token)


@cache
def names() -> dict[str, str]:
    """Return the languages by code, English first, each by its own name: `{"en": "English", "es": "Español"}`."""
    codes = [ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po"))]
    return {code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes}


def best(wanted: str | None) -> str | None:
    """Return the code of the language that a browser or a link asks for; None if there is no such language.

    >>> best("en-GB"), best("tlh"), best(None)
    ('en', None, None)
    """
    known = {tag(code).casefold(): code for code in names()}
    asked = tag(wanted or "").casefold()
    return known.get(asked) or known.get(asked.partition("-")[0])


def tag(code: str) -> str:
    """Return a language's tag, as HTML and browsers write it.

    >>> tag("pt_BR")
    'pt-BR'
    """
    return code.replace("_", "-")


@cache
def catalog(code: str) -> NullTranslations:
    """Return the translations into a language; English texts are their own translations."""
    if code == ENGLISH:
        return NullTranslations()
    with (FOLDER / f"{code}.po").open("rb") as file:
        texts = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return GNUTranslations(compiled)


def separators() -> str:
    """Return the decimal and the thousands separator of the current language, as Plotly's layout wants them.

    >>> separators()
    '.,'
    """
    return "".join(_symbols(current())[:2])


def format_number(value: float, spec: str = "") -> str:
    """Return a number in the current language's format; `spec` is one of Python's, such as `,`, `.2f` or `.1%`.

    Python does the rounding; the symbols are those of the Unicode CLDR.

    >>> format_number(1234.5, ",.2f"), format_number(0.5, ".0%")
    ('1,234.50', '50%')
    """
    text = format(value, spec)
    code = current()
    if code == ENGLISH:
        return text
    decimal, group, percent = _symbols(code)
    return text.translate({ord("."): decimal, ord(","): group, ord("%"): percent})


@cache
def _symbols(code: str) -> tuple[str, str, str]:
    """Return a language's decimal separator, thousands separator, and percent sign with the space before it."""
    locale = Locale.parse(code)
    symbols = locale.number_symbols["latn"]
    percent = locale.percent_formats[None].suffix[0]
    return symbols["decimal"], symbols["group"], percent
