"""The frame of every page: browser title, menu and footer. `page` is the first call of every page.

Pages are discovered in `pages/`, without `st.navigation`: the two collide in Streamlit 1.67, and this way each page
works when it is the first one opened. Knows Streamlit and the list of pages.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from model.messages import N_
from pages.ui.shell import accessibility, languages, links, memory, parts, projector, session
from pages.ui.translation import _

# A local file: Streamlit would fetch a Material icon or an emoji for the tab from another server.
_ICON = str(Path(__file__).parent / "icon.png")
_PAGES = (
    ("app.py", N_("Home"), ":material/home:"),
    ("pages/learn.py", N_("Learn"), ":material/school:"),
    ("pages/train.py", N_("Train"), ":material/model_training:"),
    ("pages/tune.py", N_("Tune"), ":material/tune:"),
    ("pages/evaluate.py", N_("Evaluate"), ":material/grid_on:"),
    ("pages/draw.py", N_("Draw"), ":material/draw:"),
)

# Streamlit covers the top of the page with a bar of 3.75rem for one button on the right. Our menu is under that bar,
# which is therefore as narrow as its button, transparent, and lets clicks through. A phone has no room for both, nor
# for icons and space in the menu, nor for side margins of a tenth of its screen.
_STYLE = """<style>
.stMainBlockContainer { padding-top: .75rem; padding-bottom: 1.5rem; max-width: 84rem; }
.stAppHeader { background: transparent; left: auto; width: auto; }
.stAppHeader, .stAppHeader * { pointer-events: none; }
.stAppHeader button, .stAppHeader button * { pointer-events: auto; }
.st-key-menu > :has(> .st-key-language-keeper) { display: none; }
.st-key-menu > :has(> .st-key-language), .st-key-menu > .st-key-language { margin-left: auto; margin-right: 2.5rem; }
.st-key-language button { min-height: 2rem; padding: .25rem .5rem; }
.st-key-menu { border-bottom: 1px solid rgba(128,128,128,.3); padding-bottom: .4rem; }
.st-key-footer { border-top: 1px solid rgba(128,128,128,.3); margin-top: 1rem; padding-top: .4rem; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
  .stAppHeader { display: none; }
  .st-key-menu { gap: 0 !important; }
  .st-key-menu a { padding: .25rem .3rem; }
  .st-key-menu > :has(> .st-key-language), .st-key-menu > .st-key-language { margin-right: 0; }
  .st-key-language button { padding: 0; }
  .st-key-language button div[aria-hidden] { display: none; }
  .st-key-language button p { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .st-key-menu a * { font-size: .8125rem; }
  .st-key-menu a > span:has([data-testid="stIconMaterial"]) { display: none; }
}
</style>"""


def page(title: str, name: str = "") -> None:
    """Set up the page and draw the menu; `title`, a text marked by `N_`, appears in the browser tab.

    `name` is that of a page in `parts.PARTS`, some of whose parts a link can hide.
    """
    languages.recognize()
    memory.release_large_arrays()
    session.enter_page(title)
    st.set_page_config(
        page_title=f"{_(title)} · Digit Lab" if title != "Digit Lab" else title,
        page_icon=_ICON,
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    # One element, whatever it contains: another one in front would make the browser draw all that follow again.
    st.html(f"{_STYLE}<style>{parts.style(name)}</style>")
    projector.apply()
    with st.container(key="menu", horizontal=True, gap="small", vertical_alignment="center"):
        for path, label, page_icon in _PAGES:
            st.page_link(path, label=_(label), icon=page_icon, width="content")
        languages.menu()
    accessibility.describe_page(title)
    _way_back()


def _way_back() -> None:
    """Draw a link back to the lesson on a page that the lesson opened (`?lesson=` and the name of the step)."""
    step = st.query_params.get("lesson", "")
    if step.isascii() and step.isalpha():
        with st.container(key="back-to-lesson"):
            st.page_link(
                "pages/learn.py",
                label=_("Back to the lesson"),
                icon=":material/arrow_back:",
                query_params={"step": step} | links.passed_on(),
                width="content",
            )


def title(text: str) -> None:
    """Change the title in the browser tab."""
    st.set_page_config(page_title=text)


def footer(more: Callable[[], None] | None = None) -> None:
    """Draw the last line of a page; `more` draws the links that only this page has."""
    from pages.ui.shell import permission  # with all services, which no page has to wait for before it draws

    with st.container(key="footer", horizontal=True, vertical_alignment="center"):
        st.caption(_("Digit Lab reads handwriting with small convolutional networks and shows you how they do it."))
        st.page_link("pages/glossary.py", label=_("Glossary"), icon=":material/menu_book:", width="content")
        if permission.is_teacher():
            st.page_link("pages/host.py", label=_("Host"), icon=":material/dns:", width="content")
        if more:
            more()
        projector.switch()
        if parts.is_limited():
            st.button(
                _("Show everything"),
                key="show-everything",
                type="tertiary",
                icon=":material/visibility:",
                on_click=parts.show_everything,
            )
    memory.freeze_libraries()
