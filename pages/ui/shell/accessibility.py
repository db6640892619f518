"""What Streamlit's elements leave out: landmarks, the heading of a page, levels, contrast that everybody can read.

Knows Streamlit's components. Names of charts and images are where they are drawn.
"""

from pathlib import Path

import streamlit as st

from pages.ui.translation import _

# Captions, the value of a slider and the chosen part of a segmented control have too little contrast in one of the
# themes; what is chosen shows by a bar, too, and not only by its colour. Dialogs are outside of .stApp: `light-dark`
# would take them for light ones in the dark theme.
_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-accessibility) { position: absolute; width: 0; height: 0;
  overflow: hidden; }
.page-start:focus { outline: none; }
.page-heading { position: absolute; width: 1px; height: 1px; margin: 0; padding: 0; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
html [data-testid="stCaptionContainer"] { opacity: .75; }
.stApp [data-testid="stSliderThumbValue"] p { color: light-dark(#2f5bc0, #8fb0ff); }
.stApp [role="radio"][data-selected="true"] { box-shadow: inset 0 -3px 0 light-dark(#2f5bc0, #8fb0ff); }
.stApp [role="radio"][data-selected="true"] p { color: light-dark(#2f5bc0, #8fb0ff); }
.stApp :is(.stMain, a, [data-testid="stDataFrame"] canvas):focus-visible { outline-offset: -2px;
  outline: 2px solid light-dark(#2f5bc0, #8fb0ff); }
.st-key-menu a[aria-current] { box-shadow: inset 0 -2px 0 light-dark(#2f5bc0, #8fb0ff); }
</style>"""

_marks = st.components.v2.component(
    "digit-lab.accessibility",
    html='<div class="page-start" tabindex="-1"><h1 class="page-heading"></h1></div>',
    js=(Path(__file__).parent / "accessibility.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def describe_page(title: str) -> None:
    """Give the page its landmarks and heading levels, and `title` as its heading if it shows none of its own."""
    st.html(_STYLE)
    with st.container(key="accessibility"):
        _marks(
            key="accessibility-marks",
            data={"title": _(title), "menu": _("Pages"), "footer": _("About Digit Lab"), "trials": _("Trials")},
        )
