"""Who somebody is, without a name: a secret of the tab, which survives a refresh, and one of the browser.

Both are made here and kept by the visitor's browser; run folders hold their fingerprints only. Knows Streamlit's
components and the session; decides nothing: see `permission`.
"""

import re
from pathlib import Path
from typing import Any, TypeGuard

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
        tokens = _keeper(
            key="identity-keeper",
            data={"tab": visitor.tab, "browser": visitor.browser},
            on_visitor_change=lambda: None,
        ).get("visitor")
    if _is_visitor(tokens) and session.Visitor(**tokens) != visitor:
        visitor = session.Visitor(**tokens)
        session.set_visitor(visitor)
    return visitor


def _is_visitor(tokens: Any) -> TypeGuard[dict[str, str]]:
    """What a browser sends is checked like any input."""
    return (
        isinstance(tokens, dict)
        and set(tokens) == {"tab", "browser"}
        and all(isinstance(token, str) and _TOKEN.fullmatch(token) for token in tokens.values())
    )
