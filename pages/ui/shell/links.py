"""Query parameters that belong to a visitor rather than to a page, and that links inside the app pass on.

Knows Streamlit's query parameters and nothing else.
"""

import streamlit as st

from pages.ui.shell import languages

SHOWN = "show"


def passed_on(*names: str) -> dict[str, str]:
    """Return the language and the shown parts of this page's link, if it has any, and the parameters `names`."""
    return {name: st.query_params[name] for name in (languages.PARAMETER, SHOWN, *names) if name in st.query_params}
