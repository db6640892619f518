"""Projector mode: large type, thicker lines and high contrast for people in the last row; a switch in the footer.

Everything happens in the browser: see projector.js for the mode, live_chart.js for the charts. Knows Streamlit's
components.
"""

from pathlib import Path

import streamlit as st

from pages.ui.translation import _

_FOLDER = Path(__file__).parent
_START = (_FOLDER / "projector_start.js").read_text(encoding="utf-8")
_STYLE = f"<style>{(_FOLDER / 'projector.css').read_text(encoding='utf-8')}</style>"

_SWITCH_STYLE = """
.projector-switch { display: inline-flex; align-items: center; gap: .4rem; font: inherit; font-size: .875rem;
  color: var(--st-text-color); background: none; border: none; border-radius: .5rem; padding: .25rem .5rem;
  cursor: pointer; white-space: nowrap; }
.projector-switch:hover { background: rgba(128,128,128,.15); }
.projector-switch:focus-visible { outline: 2px solid var(--st-primary-color); }
.projector-switch .track { width: 1.75rem; height: 1rem; border-radius: 1rem; border: 1px solid currentColor;
  padding: 1px; box-sizing: border-box; }
.projector-switch .track::after { content: ""; display: block; height: 100%; aspect-ratio: 1; border-radius: 50%;
  background: currentColor; transition: margin .15s; }
.projector-switch[aria-checked="true"] .track { background: var(--st-primary-color); border-color: currentColor; }
.projector-switch[aria-checked="true"] .track::after { margin-left: calc(100% - .875rem + 4px); background: #fff; }
"""

_switch = st.components.v2.component(
    "digit-lab.projector",
    html='<button type="button" role="switch" class="projector-switch">'
    '<span class="track" aria-hidden="true"></span><span class="label"></span></button>',
    css=_SWITCH_STYLE,
    js=(_FOLDER / "projector.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def apply() -> None:
    """Show the page in the mode that this browser has stored, or that the link asks for (`?projector=1`)."""
    st.html(_STYLE)
    with st.container(key="projector"):
        # A script, because a component would be there only after the page has been shown in the other mode.
        st.html(f"<script>{_START}</script>", unsafe_allow_javascript=True)


def switch() -> None:
    """Draw the switch, which acts in the browser alone."""
    with st.container(key="projector-switch", width="content"):
        _switch(key="projector-switch-button", data={"label": _("Projector mode")})
