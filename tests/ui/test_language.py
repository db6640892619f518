"""Every language is complete, and pages, numbers, charts and feeds use the visitor's."""

import re
import string

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ConfigError
from model.evaluation.analysis import ConfusedPair
from model.messages import Listing, Message, Term
from pages.ui import glossary, language
from pages.ui.components.term_text import terms_in
from pages.ui.shell.text import markdown, percent
from pages.ui.translation import translate
from tests.app.pages import opened, text

CODES = sorted(set(language.names()) - {language.ENGLISH})
TOKENS = re.compile(r"`[^`]*`|:material/\w+:|<[^<>]+>|%\{[^}]*\}|https?://\S+|\*\*|\n")


@pytest.fixture(params=CODES)
def catalog(request):
    """The messages of a language by their English text, or by singular and plural."""
    with (language.FOLDER / f"{request.param}.po").open("rb") as file:
        return {message.id: message for message in read_po(file, locale=request.param) if message.id}


def forms(message):
    """Return pairs of an English text and its translation."""
    if isinstance(message.id, tuple):
        return [(message.id[min(number, 1)], string_) for number, string_ in enumerate(message.string)]
    return [(message.id, message.string)]


def fields(text):
    """Return the placeholders of a text with their formats."""
    return sorted((name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name is not None)


def test_no_text_is_missing(catalog, extracted_texts):
    assert extracted_texts.keys() - catalog.keys() == set()
    assert [id_ for id_, message in catalog.items() if message.fuzzy or not all(new for _, new in forms(message))] == []


def test_no_text_is_left_over(catalog, extracted_texts):
    assert catalog.keys() - extracted_texts.keys() == set()


def test_a_translation_has_the_placeholders_and_markup_of_its_text(catalog):
    pairs = [pair for message in catalog.values() for pair in forms(message)]
    differ = [
        (old, new)
        for old, new in pairs
        if (set(fields(old)) ^ set(fields(new))) - {("n", "")}
        and "%{" not in old
        or sorted(TOKENS.findall(old)) != sorted(TOKENS.findall(new))
        or old[:1].isspace() != new[:1].isspace()
        or old[-1:].isspace() != new[-1:].isspace()
    ]
    assert differ == []


def test_a_translation_marks_the_same_terms_of_the_glossary(catalog):
    pairs = [pair for message in catalog.values() for pair in forms(message)]
    assert [(old, new) for old, new in pairs if sorted(terms_in(old)) != sorted(terms_in(new))] == []


def test_no_two_terms_of_the_glossary_have_the_same_name(catalog):
    names = [catalog[term].string for term in glossary.TERMS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "value, spec, shown",
    [(1234.5, ",.2f", "1.234,50"), (0.9885, ".2%", "98,85\u00a0%"), (10_000, ",", "10.000"), (1e-6, "g", "1e-06")],
)
def test_a_number_is_written_as_in_spanish(value, spec, shown):
    with language.using("es"):
        assert language.format_number(value, spec) == shown


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([",", ",.3f", ".1%", ".4g", "g"]))
def test_only_the_symbols_of_a_number_depend_on_the_language(value, spec):
    english = language.format_number(value, spec)
    with language.using("es"):
        spanish = language.format_number(value, spec)
    assert english == format(value, spec)
    assert spanish.replace("\u00a0", "").translate({ord(","): ".", ord("."): ","}) == english


def test_a_message_is_translated_with_its_numbers_terms_and_listings():
    error = ConfigError(
        "{name} must be a number from {low:g} to {high:g}, got {value}.", name="x", low=0.5, high=2, value=3
    )
    listing = Listing((Message("{name} {value:.3g}", {"name": Term("learning rate"), "value": 0.001}),) * 2)
    with language.using("es"):
        assert "0,5" in translate(error)
        assert translate(Message("{n:,}", {"n": 1234})) == "1.234"
        assert translate(Message("{all}", {"all": listing})) == "tasa de aprendizaje 0,001, tasa de aprendizaje 0,001"
        assert markdown(Message("{state}", {"state": Term("paused")})) == translate("paused")
        assert translate(ConfusedPair(1, 7, 1234, "1", "7").in_words()).count("1.234") == 1
        assert percent(0.5) == "50,0\u00a0%"


@pytest.mark.parametrize(
    "asked, code",
    [("es", "es"), ("es-MX", "es"), ("ES_419", "es"), ("en-GB", "en"), ("<b>", None), ("", None), (None, None)],
)
def test_a_browser_or_a_link_asks_for_a_language(asked, code):
    assert language.best(asked) == code


def test_the_language_of_a_link_wins_over_the_browser_and_stays():
    test = opened("pages/learn.py", lang="es")
    assert not test.exception
    assert "Una imagen es una cuadrícula de números" in text(test)
    test.query_params.clear()
    assert "Una imagen es una cuadrícula de números" in text(test.switch_page("pages/learn.py").run())


def test_an_unknown_language_in_a_link_changes_nothing():
    test = opened("app.py", lang="tlh")
    assert not test.exception
    assert test.title[0].value == "How does a network read handwriting?"


def test_the_browsers_language_is_used_until_one_is_chosen():
    test = opened("app.py", browser_language="es-MX")
    assert test.title[0].value == "¿Cómo lee una red la escritura a mano?"
