"""The teacher's notes and plans as HTML: on the screen one by one, and as a handout for A4 pages.

Knows the lesson's texts and HTML; no Streamlit.
"""

from collections.abc import Mapping
from html import escape

from pages.ui import language
from pages.ui.learn import plans, teaching
from pages.ui.learn.lesson_link import qr_image
from pages.ui.learn.plans import PLANS, Plan
from pages.ui.learn.steps import BY_NAME, STEPS, Step
from pages.ui.translation import _

# Shared by screen and paper.
STYLE = """
.teaching { line-height: 1.45; }
.teaching h4 { font-size: 1rem; margin: .9em 0 .25em; padding: 0; }
.teaching p { margin: 0 0 .5em; }
.teaching blockquote { margin: 0; padding: 0 0 0 .9em; border-left: 3px solid #3b6fe0; color: inherit; }
.teaching dl.beliefs, .teaching .beliefs :is(dt, dd) { margin: 0; padding: 0; }
.teaching dt { font-weight: 600; }
.teaching .beliefs dd { margin-bottom: .5em; }
.teaching table { border-collapse: collapse; width: 100%; }
.teaching :is(th, td) { text-align: left; vertical-align: top; padding: .3em .8em .3em 0;
  border-bottom: 1px solid rgba(128,128,128,.4); font-weight: inherit; }
.teaching thead th { font-weight: 600; }
.teaching :is(th, td):not(:last-child) { white-space: nowrap; font-variant-numeric: tabular-nums; }
.teaching ul { margin: .2em 0 0; padding-left: 1.2em; }
@media screen and (max-width: 640px) {
  .teaching :is(th, td):nth-child(3) { display: none; }
  .teaching :is(th, td):not(:last-child) { white-space: normal; }
}
"""
_PAPER = """
@page { size: A4; margin: 13mm 15mm; }
.handout { font: 10.5pt/1.4 system-ui, "Segoe UI", Roboto, sans-serif; color: #000; background: #fff; }
.handout h1 { font-size: 18pt; line-height: 1.2; margin: 0 0 3mm; padding: 0; color: #000; }
.handout h2 { font-size: 14pt; line-height: 1.2; margin: 0 0 2mm; padding: 0; color: #000; }
.handout h4 { color: #000; break-after: avoid; }
.handout.teaching :is(p, ul, dl, li) { font-size: inherit; }
.handout .one-step, .handout .plan { break-inside: avoid; }
.handout .one-step { break-before: page; }
.handout .plan { font-size: 9.5pt; line-height: 1.25; margin-bottom: 4mm; }
.handout .plan h4 { font-size: inherit; margin-top: .6em; }
.handout .plan :is(td, th) { padding: .2em .8em .2em 0; }
.handout .plan tr { break-inside: avoid; }
.handout .minutes { margin: 0 0 2mm; }
.handout figure { float: right; width: 45mm; margin: 0 0 3mm 8mm; font-size: 8.5pt; line-height: 1.25; }
.handout figure img { width: 45mm; height: 45mm; display: block; }
.handout figcaption { overflow-wrap: anywhere; }
"""
_SCREEN = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; }
@media screen { .handout { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; } }
"""
# In the app, the handout isn't on the screen, and on paper it is alone.
_ON_PAGE = """
.handout { display: none; }
@media print {
  .handout { display: block; }
  body :not(:has(.handout), .handout, .handout *) { display: none !important; }
  html, body, body :has(.handout) { display: block !important; position: static !important; float: none !important;
    overflow: visible !important; width: auto !important; max-width: none !important; height: auto !important;
    min-height: 0 !important; margin: 0 !important; padding: 0 !important; background: #fff !important; }
}
"""


def notes(step: Step) -> str:
    """Return the notes on a step: aim, what to say, a question for the class, and misconceptions."""
    own = teaching.NOTES[step.name]
    quoted = _("“{text}”")
    beliefs = "".join(
        f"<dt>{escape(quoted.format(text=_(each.belief)))}</dt><dd>{escape(_(each.answer))}</dd>"
        for each in own.misconceptions
    )
    hoped_for = _("The answer to hope for: {answer}").format(answer=_(own.hoped_for))
    aim, say, ask, believed = _("Aim"), _("Say"), _("Ask the class"), _("What pupils may believe")
    return (
        f"{_heading(aim)}{_paragraph(_(own.aim))}"
        f"{_heading(say)}<blockquote>{''.join(_paragraph(_(each)) for each in own.say)}</blockquote>"
        f"{_heading(ask)}{_paragraph(_(own.question), 'strong')}{_paragraph(hoped_for)}"
        f"{_heading(believed)}<dl class='beliefs'>{beliefs}</dl>"
    )


def minutes(step: Step) -> str:
    """Return how long a step takes in each plan."""
    return " · ".join(_in_plan(plan, step) for plan in PLANS)


def _in_plan(plan: Plan, step: Step) -> str:
    n = plan.minutes_of(step.name)
    text = _("{n} of {total} minutes") if n else _("left out of {total} minutes")
    return text.format(n=n, total=plan.minutes)


def plan(plan: Plan) -> str:
    """Return a plan as a table, and what to leave out."""
    rows, start = [], 0
    for slot in plan.slots:
        end = start + slot.minutes
        time = _("{start}–{end} min").format(start=start, end=end)
        cells = (_slot_name(slot.name), str(slot.minutes), _(slot.pupils))
        rows.append(f"<tr><th scope='row'>{time}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
        start = end
    heads = (_("Time"), _("Step of the lesson"), _("Minutes"), _("What pupils do"))
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    left_out = "".join(f"<li>{escape(_(text))}</li>" for text in plan.leave_out)
    leave_out = _("What to leave out")
    note = _paragraph(_(plan.note)) if plan.note else ""
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{note}"
        f"{_heading(leave_out)}<ul>{left_out}</ul>"
    )


def _slot_name(name: str) -> str:
    if name in plans.OTHER_SLOTS:
        return _(plans.OTHER_SLOTS[name])
    return f"{STEPS.index(BY_NAME[name]) + 1}. {_(BY_NAME[name].label)}"


def body(urls: Mapping[str, str]) -> str:
    """Return the handout as HTML without its style: the plans, then each step with its link from `urls`, by name."""
    title = _("From 784 pixels to a digit: notes for teachers")
    tables = "".join(f'<section class="plan"><h2>{escape(_(each.title))}</h2>{plan(each)}</section>' for each in PLANS)
    steps = "".join(_one_step(step, urls[step.name]) for step in STEPS)
    return f'<div class="handout teaching"><h1>{escape(title)}</h1>{tables}{steps}</div>'


def _one_step(step: Step, url: str) -> str:
    title = f"{_slot_name(step.name)}: {_(step.title)}"
    return (
        f'<section class="one-step"><figure><img src="{qr_image(url)}" alt="{escape(alt(url))}">'
        f"<figcaption>{escape(url)}</figcaption></figure><h2>{escape(title)}</h2>"
        f'<p class="minutes">{escape(minutes(step))}</p>{notes(step)}</section>'
    )


def alt(url: str) -> str:
    """Return the text alternative of a link's QR code."""
    return _("QR code of the address {address}").format(address=url)


def document(body: str) -> str:
    """Return the handout as an HTML file of its own, which needs nothing else."""
    tag = language.tag(language.current())
    return (
        f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8"><title>Digit Lab</title>'
        f"<style>{STYLE}{_PAPER}{_SCREEN}</style></head><body>{body}</body></html>"
    )


def for_print(body: str) -> str:
    """Return the handout for the page of the app: not on the screen, and alone on paper, in either theme."""
    return f"<style>{_PAPER}{_ON_PAGE}</style>{body}"


def _heading(text: str) -> str:
    return f"<h4>{escape(text)}</h4>"


def _paragraph(text: str, tag: str = "") -> str:
    inner = escape(text)
    return f"<p><{tag}>{inner}</{tag}></p>" if tag else f"<p>{inner}</p>"
