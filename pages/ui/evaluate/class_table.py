"""Metrics per class, in a table with bars that is sorted by a click on a column title.

Knows metrics and one component.
"""

from pathlib import Path

import streamlit as st

from model.results import Metrics
from pages.ui import language
from pages.ui.translation import _, class_label

_table = st.components.v2.component(
    "digit-lab.class_table",
    html='<div class="class-scroll"><table class="class-table"></table></div>',
    css="""
.class-scroll { max-height: 460px; overflow: auto; }
.class-table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
.class-table th, .class-table td { padding: .38rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid rgba(128,128,128,.25); }
.class-table th:first-child, .class-table td:first-child { text-align: left; white-space: normal; }
.class-table th button { all: unset; cursor: pointer; opacity: .7; }
.class-table th button:hover, .class-table th button:focus-visible { opacity: 1; text-decoration: underline; }
.class-table td { background: linear-gradient(rgba(59,111,224,.2) 0 0) no-repeat left center / var(--share, 0%) 70%; }
.class-table tr.mean { font-weight: 600; }
@media (max-width: 640px) { .class-table { font-size: .78rem; }
  .class-table th, .class-table td { padding: .38rem .25rem; } }
""",
    js=(Path(__file__).parent / "class_table.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def show(metrics: Metrics) -> None:
    """Draw a row for each class that has images, and their mean in the last row."""
    shown = [row for row in metrics.classes if row.support]
    _table(
        key="eval-class-table",
        data={
            "locale": language.tag(language.current()),
            "columns": [
                {"title": _("Class")},
                {"title": _("Precision"), "digits": 4},
                {"title": _("Recall"), "digits": 4},
                {"title": _("F1"), "digits": 4},
                {"title": _("Images")},
            ],
            "rows": [[class_label(row.name), row.precision, row.recall, row.f1, row.support] for row in shown],
            "mean": [_("Mean"), metrics.macro_precision, metrics.macro_recall, metrics.macro_f1, "–"],
        },
    )
