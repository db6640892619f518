"""What a teacher shows and prints: the link of a step as a QR code, and a button that opens the print dialogue.

Knows Streamlit's components.
"""

from pathlib import Path

import streamlit as st

from pages.ui.learn import handout
from pages.ui.learn.lesson_link import qr_image
from pages.ui.translation import _

# Black on white in both themes, because a camera reads it from the wall.
_CSS = """
.lesson-board { color: var(--st-text-color); }
.lesson-board figure { margin: 0 0 .6rem; max-width: 260px; }
.lesson-board figure img { display: block; width: 100%; aspect-ratio: 1; border-radius: 8px;
  border: 1px solid rgba(128,128,128,.4); }
.lesson-board figcaption { margin-top: .4rem; font-size: .9rem; overflow-wrap: anywhere; }
.lesson-board a { color: inherit; }
:is(.lesson-board button, .lesson-print) { font: inherit; font-size: .875rem; color: inherit; cursor: pointer;
  min-height: 2.5rem; padding: .25rem .75rem; border: 1px solid rgba(128,128,128,.5); border-radius: .5rem;
  background: transparent; }
:is(.lesson-board button, .lesson-print):hover { border-color: #3b6fe0; }
.lesson-board :is(button, a):focus-visible, .lesson-print:focus-visible { outline: 3px solid #3b6fe0;
  outline-offset: 2px; }
.board-large[open] { position: fixed; inset: 0; box-sizing: border-box; width: 100vw; height: 100dvh;
  max-width: none; max-height: none; margin: 0; border: none; padding: 2vmin 3vmin; background: #fff; color: #000;
  display: flex; flex-direction: column; align-items: center; justify-content: space-between; gap: 1vmin;
  text-align: center; font-size: clamp(18px, 4vmin, 56px); line-height: 1.2; }
.board-large img { flex: 1 1 0; min-height: 0; max-width: 100%; object-fit: contain; }
.board-large p { margin: 0; overflow-wrap: anywhere; }
.board-large .board-address { font-size: clamp(18px, 5vmin, 72px); }
.board-large .board-title { font-weight: 600; padding: 0 5.5rem; }
.board-large button { position: absolute; top: 2vmin; right: 2vmin; font-size: 1rem; }
"""
_FOLDER = Path(__file__).parent

_board = st.components.v2.component(
    "digit-lab.lesson_board",
    html="""<div class="lesson-board">
<figure><img alt=""><figcaption><a target="_blank" rel="noopener"></a></figcaption></figure>
<button type="button" class="board-open"></button>
<dialog class="board-large"><p class="board-title"></p><img alt=""><p class="board-address"></p>
<button type="button" autofocus></button></dialog>
</div>""",
    css=_CSS,
    js=(_FOLDER / "board.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)
_print = st.components.v2.component(
    "digit-lab.lesson_print",
    html='<button type="button" class="lesson-print"></button>',
    css=_CSS,
    js=(_FOLDER / "print.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def board(url: str, title: str) -> None:
    """Draw a link and its QR code, with a button that shows them as large as the window."""
    texts = {"open": _("Show it large"), "close": _("Close")}
    data = {"url": url, "title": title, "image": qr_image(url), "alt": handout.alt(url), "texts": texts}
    _board(key="learn-board", data=data)


def print_button() -> None:
    """Draw a button that prints the page."""
    _print(key="learn-print", data={"text": _("Print")}, width="content")
