"""Babel finds every text, and pages show every text in the visitor's language: here, one that puts it in brackets."""

import ast
import re
import string
from gettext import NullTranslations

import pytest

from model.data import catalog
from model.errors import ConfigError
from model.messages import Message
from model.networks.presets import PRESETS
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from pages.ui import glossary, language, translation
from pages.ui.translation import class_label, ngettext, translate
from tests.app.pages import opened, text
from tests.support import PROJECT
from tests.ui.test_marked_texts import MARKS, PAGES, called

OPEN, CLOSE = "⟦", "⟧"
# Names that no language translates: of runs, presets, datasets, classes, files and units.
NAMES = {*PRESETS, *catalog.BUILTINS, CLASSROOM_RUN, DEFAULT_RUN, "Digit Lab", "MNIST", "CIFAR-10", "Fashion-MNIST"}
NAMES |= {
    *language.names().values(),
    "Conv2D",
    "MaxPooling",
    "MaxPool",
    "Flatten",
    "Dense",
    "Dropout",
    "softmax",
    "ReLU",
}


class InBrackets(NullTranslations):
    """A language in which every text is known and looks like ⟦this⟧."""

    def gettext(self, message):
        return f"{OPEN}{message}{CLOSE}"

    def ngettext(self, singular, plural, n):
        return f"{OPEN}{singular if n == 1 else plural}{CLOSE}"


@pytest.fixture
def in_brackets(monkeypatch):
    monkeypatch.setattr(translation, "catalog", InBrackets)


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("file", PAGES)
def test_the_template_has_every_text_that_is_marked(file, extracted_texts):
    tree = ast.parse((PROJECT / file).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) in MARKS - {"explain"}]
    texts = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    singulars = {text[0] if isinstance(text, tuple) else text for text in extracted_texts}
    assert texts - singulars == set()


def test_the_template_has_the_texts_of_the_model(extracted_texts):
    assert {preset.why for preset in PRESETS.values()} <= extracted_texts.keys()
    assert "{name} must be one of {choices}, got {value}." in extracted_texts


def test_singular_and_plural_mention_the_same_values(extracted_texts):
    for id_ in extracted_texts:
        if isinstance(id_, tuple):
            singular, plural = map(placeholders, id_)
            assert singular | {"n"} == plural | {"n"}, id_


def test_a_message_is_translated_with_the_messages_inside_it(in_brackets):
    error = ConfigError("The link has {reason}.", reason=Message("{n} errors", {"n": 3}))
    assert translate(error) == "⟦The link has ⟦3 errors⟧.⟧"
    assert str(error) == "The link has 3 errors."
    assert ngettext("{n} image", "{n} images", 1).format(n=1) == "⟦1 image⟧"
    assert class_label("no digit") == "⟦not a digit⟧"


def shown(test):
    """Yield every text of a page: bodies, labels, tooltips, placeholders and options."""
    for element in test.main:
        if element.type in ("button_group", "selectbox", "multiselect", "select_slider", "radio"):
            names = ("label", "help")  # the value is a key; the options show its label
        elif element.type in ("table", "arrow_data_frame"):
            yield from map(str, element.value.columns)
            continue
        else:
            names = ("value", "label", "help", "placeholder")
        yield from (str(getattr(element, name, None) or "") for name in names)
        yield from map(str, getattr(element, "options", []))


def untranslated(text):
    """Return what stands outside brackets and isn't a name, a number or markup."""
    while OPEN in text and (inner := re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", " ", text)) != text:
        text = inner
    for name in sorted(NAMES, key=len, reverse=True):
        text = text.replace(name, " ").replace(name.replace("-", "\\-"), " ")
    text = re.sub(r"<(style|script)>.*?</\1>|<[^<>]*>|:material/\w+:|:small\[|data:\S+", " ", text, flags=re.DOTALL)
    return re.findall(r"[A-Za-z]{3,}", text)


@pytest.mark.parametrize(
    "page", ["app.py", "pages/learn.py", "pages/train.py", "pages/evaluate.py", "pages/glossary.py"]
)
def test_a_page_shows_no_text_that_cannot_be_translated(page, in_brackets):
    test = opened(page)
    assert not test.exception
    card = RunStore().open(DEFAULT_RUN).outcome.card  # data of the run, in the language it was written in
    lists = ["\n".join(f"- {line}" for line in lines) for lines in (card.data, card.recipe, card.weaknesses)]
    texts = [text for text in shown(test) if text not in lists]
    assert any(OPEN in text for text in texts)
    assert {text: words for text in texts if (words := untranslated(text))} == {}


def test_the_glossary_is_sorted_by_the_visitors_language(monkeypatch):
    names = {"Accuracy": "Zuverlässigkeit"}

    class German(NullTranslations):
        def gettext(self, message):
            return names.get(message, message)

    monkeypatch.setattr(translation, "catalog", German)
    page = text(opened("pages/glossary.py"))
    assert page.index("Activation") < page.index("Weights") < page.index("Zuverlässigkeit")
    assert set(glossary.TERMS) > set(names)
