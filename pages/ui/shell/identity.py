"""Who somebody is, without a name: a secret of the tab, which survives a refresh, and one of the browser.

Both are made here and kept by the visitor's browser; run folders hold their fingerprints only. Knows Streamlit's
components and the session; decides nothing: see `permission`.
"""

import re
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.shell import session

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")

_keeper = st.components.v2.component(
    "digit-lab.identity",
    html="<span></span>",
    js=(Path(__file__).parent / "identity.js").read_text(encoding="utf-8"),
)


def identify() -> session.Visitor:
    """Return who this session's visitor is, and ask the browser; where it knows better, the page is drawn again."""
    visitor = session.visitor()
    st.html("<style>.st-key-identity { display: none; }</style>")
    with st.container(key="identity"):
        told = _keeper(
            key="identity-keeper",
            data={"tab": visitor.tab, "browser": visitor.browser},
            on_visitor_change=lambda: None,
        ).get("visitor")
    if _is_visitor(told) and session.Visitor(**told) != visitor:
        visitor = session.Visitor(**told)
        session.set_visitor(visitor)
    return visitor


def _is_visitor(told: Any) -> bool:
    """What a browser sends is checked like any input."""
    return (
        isinstance(told, dict)
        and set(told) == {"tab", "browser"}
        and all(isinstance(token, str) and _TOKEN.fullmatch(token) for token in told.values())
    )
