"""A paragraph in which terms of the glossary open their explanations where they stand.

`[[Entry]]` or `[[Entry|as it stands in the sentence]]` marks a term. Knows the glossary and Streamlit's components.
"""

import re
from html import escape
from pathlib import Path

import streamlit as st

from pages.ui.glossary import TERMS, explain
from pages.ui.translation import _

_TERM = re.compile(r"\[\[([^]|]+)(?:\|([^]]+))?\]\]")
_CSS = """
.term-text { color: var(--st-text-color); font-size: 1rem; line-height: 1.45; }
.term-text .term { cursor: help; font-weight: 700; text-decoration: underline dotted;
  text-underline-offset: 3px; }
.term-text .term:hover { color: var(--st-primary-color); }
.term-text .term:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; border-radius: 2px; }
.term-tip { position: fixed; margin: 0; max-width: min(22rem, calc(100vw - 16px)); padding: .6rem .8rem;
  border: 1px solid rgba(128,128,128,.5); border-radius: 8px; color: var(--st-text-color);
  background: var(--st-background-color); box-shadow: 0 4px 16px rgba(0,0,0,.25); font-size: .9rem; line-height: 1.4; }
"""

_text = st.components.v2.component(
    "digit-lab.term_text",
    html='<div class="term-text"></div>',
    css=_CSS,
    js=(Path(__file__).parent / "term_text.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def term_text(text: str, key: str) -> None:
    """Draw a translated text, shown as it is except for its terms, which are bold and open their explanations."""
    entries = terms_in(text)
    _text(
        key=key,
        data={
            "html": html_of(text),
            "terms": [{"name": _(entry), "explanation": explain(entry)} for entry in entries],
        },
    )


def terms_in(text: str) -> list[str]:
    """Return the entries of the glossary that a text marks, in its order.

    >>> terms_in("A [[Convolution|convolution]] has [[Filter|filters]].")
    ['Convolution', 'Filter']
    """
    return [match[1] for match in _TERM.finditer(text)]


def without_marks(text: str) -> str:
    """Return a text as it reads on the page, without the marks of its terms.

    >>> without_marks("A [[Convolution|convolution]], then [[ReLU]].")
    'A convolution, then ReLU.'
    """
    return _TERM.sub(lambda match: match[2] or match[1], text)


def html_of(text: str) -> str:
    """Return a text as HTML: a button for each term, everything else escaped. Raises KeyError for an unknown entry.

    >>> html_of("2 < 3 [[ReLU]]")
    '2 &lt; 3 <span role="button" tabindex="0" class="term" data-term="0">ReLU</span>'
    """
    parts, position = [], 0
    # A span, because a line can be broken before and after a <button>, even in front of a comma.
    for number, match in enumerate(_TERM.finditer(text)):
        if match[1] not in TERMS:
            raise KeyError(match[1])
        shown = escape(match[2] or _(match[1]))
        parts.append(escape(text[position : match.start()], quote=False))
        parts.append(f'<span role="button" tabindex="0" class="term" data-term="{number}">{shown}</span>')
        position = match.end()
    return "".join([*parts, escape(text[position:], quote=False)])
