"""Recognize visitors without a name: by a secret of the tab, which survives a refresh, and one of the browser.

Both are generated here and stored in the visitor's browser; run folders contain their fingerprints only. Knows
Streamlit's components and the session; grants nothing: see `permission`.
"""

import re
from pathlib import Path
from typing import Any, TypeGuard

import streamlit as st

from pages.ui.shell import session

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")

_token_store = st.components.v2.component(
    "digit-lab.identity",
    html="<span></span>",
    js=(Path(__file__).parent / "identity.js").read_text(encoding="utf-8"),
)


def identify() -> session.Visitor:
    """Return this session's visitor; if the browser has stored other tokens, the page is rerun with those."""
    visitor = session.visitor()
    st.html("<style>.st-key-identity { display: none; }</style>")
    with st.container(key="identity"):
        tokens = _token_store(
            key="identity-keeper",
            data={"tab": visitor.tab, "browser": visitor.browser},
            on_visitor_change=lambda: None,
        ).get("visitor")
    if _is_visitor(tokens) and session.Visitor(**tokens) != visitor:
        visitor = session.Visitor(**tokens)
        session.set_visitor(visitor)
    return visitor


def _is_visitor(tokens: Any) -> TypeGuard[dict[str, str]]:
    """Check the tokens that a browser sent, like any other input."""
    return (
        isinstance(tokens, dict)
        and set(tokens) == {"tab", "browser"}
        and all(isinstance(token, str) and _TOKEN.fullmatch(token) for token in tokens.values())
    )
