"""A text that changes while people watch, without a script run for each change. Knows Streamlit's components."""

import re
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent
FEED_JS = (_FOLDER / "feed.js").read_text(encoding="utf-8")

# Like st.caption and st.progress, in the colours of the page's theme.
_CSS = """
.live-text { font-size: .875rem; line-height: 1.5; color: var(--st-text-color); }
.live-text p { margin: 0; font-size: .875rem; opacity: .7; }
.live-text .words { opacity: 1; font-size: 1rem; }
.live-text .bar { height: .5rem; margin: .35rem 0 .6rem; border-radius: .5rem; overflow: hidden;
  background: var(--st-secondary-background-color); }
.live-text .bar > div { height: 100%; background: var(--st-primary-color); transition: width .3s; }
.live-text .figures { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; }
.live-text-spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.live-text .icon { font-family: "Material Symbols Rounded"; font-size: 1.1em; vertical-align: -.2em; }
"""

_text = st.components.v2.component(
    "digit-lab.live_text",
    html='<div class="live-text"></div><span class="live-text-spoken" role="status"></span>',
    css=_CSS,
    js=FEED_JS + (_FOLDER / "live_text.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Follow:
    """Where a component fetches its content by itself, and which part of what arrives is its own."""

    url: str
    part: str


def live_text(html: str, key: str, follow: Follow | None = None, version: str = "", at_once: bool = True) -> None:
    """Show `html`, and then the part of the feed to follow.

    With a `version`, the fragment around it is run again once the feed has another one, at once or, for one of many
    watchers, within a second or two.
    """
    _text(
        key=key,
        data={"html": html, "follow": follow and asdict(follow), "version": version, "at_once": at_once},
        on_moved_change=lambda: None,
    )


def html_of(text: str, **values: object) -> str:
    """Return a text as HTML, with **bold** as in Markdown; its placeholders get the values, shown as they are.

    >>> html_of("Epoch **{epoch} of 5** <", epoch="**1**")
    'Epoch <b>**1** of 5</b> &lt;'
    """
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text, quote=False))
    return bold.format(**{name: escape(str(value), quote=False) for name, value in values.items()}) if values else bold
