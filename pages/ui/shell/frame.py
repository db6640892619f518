"""What every page has: its browser title, the menu, the footer. `page` is the first call of every page.

Plain `pages/` discovery and no `st.navigation`: the two collide in Streamlit 1.67, and this way each page is right
when it is opened first. Knows Streamlit and the list of pages.
"""

from pathlib import Path

import streamlit as st

from pages.ui.shell import memory

# A file of ours: Streamlit fetches Material icons and emojis for a tab from other people's servers.
_ICON = str(Path(__file__).parent / "icon.png")
_PAGES = (
    ("app.py", "Home", ":material/home:"),
    ("pages/train.py", "Train", ":material/model_training:"),
    ("pages/evaluate.py", "Evaluate", ":material/grid_on:"),
    ("pages/draw.py", "Draw", ":material/draw:"),
)

# Streamlit lays a bar of 3.75rem over the page for one button at its right; our menu stands in that bar, so it lets
# what is below it be seen and clicked. A phone has no room for both, nor for side margins of a tenth of its screen.
_STYLE = """<style>
.stMainBlockContainer { padding-top: .75rem; padding-bottom: 1.5rem; max-width: 84rem; }
.stAppHeader { background: transparent; }
.stAppHeader, .stAppHeader * { pointer-events: none; }
.stAppHeader button, .stAppHeader button * { pointer-events: auto; }
.st-key-menu { border-bottom: 1px solid rgba(128,128,128,.3); padding-bottom: .4rem; }
.st-key-footer { border-top: 1px solid rgba(128,128,128,.3); margin-top: 1rem; padding-top: .4rem; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
  .stAppHeader { display: none; }
}
</style>"""


def page(title: str) -> None:
    """Set the page up and draw the menu; `title` is what the browser's tab says."""
    memory.give_back_large_arrays()
    st.set_page_config(
        page_title=f"{title} · Digit Lab" if title != "Digit Lab" else title,
        page_icon=_ICON,
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    st.html(_STYLE)
    with st.container(key="menu", horizontal=True, gap="small"):
        for path, label, page_icon in _PAGES:
            st.page_link(path, label=label, icon=page_icon, width="content")


def title(text: str) -> None:
    """Change what the browser's tab says."""
    st.set_page_config(page_title=text)


def footer() -> None:
    """Draw the last line of a page."""
    with st.container(key="footer"):
        st.caption("Digit Lab reads handwriting with small convolutional networks, and shows how.")
    memory.set_libraries_aside()
