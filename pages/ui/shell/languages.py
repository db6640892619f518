"""Which language a visitor reads: that of the link (`?lang=es`), else the one chosen in the menu, else the browser's.

A choice is remembered in a cookie. Knows Streamlit and the session; the languages themselves are in
`pages.ui.language`.
"""

from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui import language
from pages.ui.shell import session
from pages.ui.translation import _

PARAMETER = "lang"  # in links
COOKIE = "digit-lab-language"
_MENU = "language"  # key of the menu

_keeper = st.components.v2.component(
    "digit-lab.language",
    html="<span></span>",
    js=(Path(__file__).parent / "languages.js").read_text(encoding="utf-8"),
)


def recognize() -> None:
    """Find out the visitor's language, for this script run and the fragments and callbacks that follow it."""
    language.ask_for_language(_of_session)
    linked = language.best(st.query_params.get(PARAMETER))
    if linked and session.is_new_link(PARAMETER, linked):
        session.set_language(linked, chosen=True)
    if session.language() is None:
        remembered = language.best(st.context.cookies.get(COOKIE))
        preferred = remembered or language.best(st.context.locale) or language.ENGLISH
        session.set_language(preferred, chosen=bool(remembered))
    if session.language_has_changed():
        _keep_choices()


def _keep_choices() -> None:
    """Set every widget to its value again.

    A browser sends the label of an option, and Streamlit looks that label up among those of this script run, which are
    in another language: the select box of schedules would have the value "Constant" instead of "constant".
    """
    for key, value in st.session_state.items():
        values = value if isinstance(value, list | tuple) else [value]
        if key != _MENU and values and all(type(each) in (str, int, float) for each in values):
            st.session_state[key] = value  # never an uploaded file or a click, which can't be set


def _of_session() -> str:
    """Return the language of the session whose script runs in this thread; English in any other thread."""
    return session.language() or language.ENGLISH if get_script_run_ctx(suppress_warning=True) else language.ENGLISH


def menu() -> None:
    """Draw the menu of languages, and remember the chosen one in the browser."""
    names = language.names()
    current = language.current()
    st.menu_button(
        names[current],
        list(names),
        key=_MENU,
        format_func=names.__getitem__,
        icon=":material/translate:",
        type="tertiary",
        help=_("Language"),
        on_click=_choose,
    )
    with st.container(key="language-keeper"):
        chosen = session.chosen_language()
        _keeper(key="language-kept", data={"tag": language.tag(current), "chosen": chosen, "cookie": COOKIE})


def _choose() -> None:
    code = st.session_state[_MENU]
    if code not in language.names():
        return
    session.set_language(code, chosen=True)
    st.query_params[PARAMETER] = code  # so that the address can be shared as it is, and an older value doesn't return
