"""The list of the Glossary page: the terms that match a search, each with its own link.

Knows the glossary; the words of a term are in `pages.ui.glossary` alone.
"""

import unicodedata

import streamlit as st

from pages.ui.glossary import TERMS, explain
from pages.ui.shell.text import plain
from pages.ui.translation import _, ngettext

_WIDTH = 720  # pixels: longer lines are hard to read

# A term is larger than its explanation, but not as large as Streamlit's headings.
_STYLE = """<style>
.st-key-glossary h3 { font-size: 1.125rem; padding: .75rem 0 0; scroll-margin-top: 1rem; }
</style>"""


def search_field() -> str:
    """Draw the search field; return the words that were entered last."""
    return st.text_input(
        _("Search the glossary"),
        key="glossary-search",
        placeholder=_("For example: recall"),
        icon=":material/search:",
        autocomplete="off",
        width=_WIDTH,
    ).strip()


def show(words: str) -> None:
    """Draw every term whose name or explanation contains `words`, in alphabetical order."""
    found = matches(words)
    if not found:
        st.info(_("No entry contains “{words}”: try a shorter word or clear the search.").format(words=plain(words)))
        return
    st.caption(ngettext("{n} term", "{n} terms", len(found)).format(n=len(found)))
    st.html(_STYLE)
    with st.container(key="glossary", width=_WIDTH, gap="small"):
        for term in found:
            st.subheader(_(term), anchor=anchor(term))
            st.markdown(explain(term))


def matches(words: str) -> list[str]:
    """Return the terms whose name or explanation contains `words`, sorted as a dictionary sorts them.

    >>> matches("harmonic mean")
    ['F1']
    """
    wanted = _folded(words)
    found = [term for term in TERMS if wanted in _folded(f"{_(term)}\n{explain(term)}")]
    return sorted(found, key=lambda term: "".join(filter(str.isalnum, _folded(_(term)))))


def _folded(text: str) -> str:
    """Return a text without capitals and accents, as people type what they look for.

    >>> _folded("Época")
    'epoca'
    """
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def anchor(term: str) -> str:
    """Return the part of a link after `#`; the same in every language, so that links stay valid.

    >>> anchor("McNemar's test")
    'mcnemars-test'
    """
    return term.lower().replace("'", "").replace(" ", "-")
