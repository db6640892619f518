"""Where a visitor is in the lesson: the step in the address, the answers so far, the stepper, Back and Next.

Answers are stored in the session, and in the browser's tab for the case of a refresh. Knows Streamlit and the steps.
"""

from pathlib import Path

import streamlit as st

from pages.ui.learn.steps import BY_NAME, STEPS, Step
from pages.ui.shell import session
from pages.ui.translation import _

PAGE = "pages/learn.py"
_STYLE = """<style>
.st-key-learn-progress { display: none; }
.st-key-learn-stepper { gap: .1rem !important; flex-wrap: nowrap !important; padding: 0; }
.st-key-learn-stepper a { padding: .1rem .4rem; min-height: 0; }
.st-key-learn-stepper a p { font-size: .875rem; }
.st-key-learn-stepper .st-key-learn-current a { background: rgba(128,128,128,.18); }
@media (max-width: 640px) {
  .st-key-learn-stepper a { padding: .1rem .3rem; }
  .st-key-learn-stepper > :not(.st-key-learn-current, :has(> .st-key-learn-current)) a
    [data-testid="stMarkdownContainer"] { display: none; }
}
</style>"""

_keeper = st.components.v2.component(
    "digit-lab.lesson_progress",
    html="<span></span>",
    js=(Path(__file__).parent / "progress.js").read_text(encoding="utf-8"),
)


def current() -> Step:
    """Return the step in the link, else the last one in this session, else the first; the link gets its name."""
    linked = st.query_params.get("step")
    step = BY_NAME.get(linked or session.lesson_step() or "", STEPS[0])
    if linked != step.name:
        st.query_params["step"] = step.name
    session.set_lesson_step(step.name)
    return step


def restore(step: Step) -> None:
    """Remember the answers that this tab gave before a refresh."""
    with st.container(key="learn-progress"):
        kept = _keeper(
            key="learn-keeper",
            data={"answers": session.lesson_answers(), "step": step.name},
            on_answers_change=lambda: None,
        ).get("answers")
    if isinstance(kept, dict):
        for name, option in kept.items():
            if name in BY_NAME and type(option) is int and 0 <= option < len(BY_NAME[name].options):
                session.answer_question(name, option)


def stepper(step: Step) -> None:
    """Draw the seven steps as links, those with an answered question ticked."""
    st.html(_STYLE)
    answered = session.lesson_answers()
    with st.container(key="learn-stepper", horizontal=True):
        for number, each in enumerate(STEPS, 1):
            icon = ":material/check_circle:" if each.name in answered else f":material/counter_{number}:"
            key = "learn-current" if each is step else f"learn-to-{each.name}"
            with st.container(key=key, width="content"):
                label = f"**{_(each.label)}**" if each is step else _(each.label)
                st.page_link(PAGE, label=label, icon=icon, query_params={"step": each.name}, width="content")


def turn_pages(step: Step) -> None:
    """Draw Back, the link to go on trying elsewhere, and Next."""
    number = STEPS.index(step)
    with st.container(key="learn-pages", horizontal=True, horizontal_alignment="distribute", gap="small"):
        if number:
            with st.container(key="learn-back", width="content"):
                _link(STEPS[number - 1], _("Back"), ":material/arrow_back:")
        if step.name in session.lesson_answers():
            with st.container(key="learn-try", width="content"):
                _try_it(step)
        if number + 1 < len(STEPS):
            following = STEPS[number + 1]
            with st.container(key="learn-next", width="content"):
                _link(following, _("Next: {step}").format(step=_(following.label)), ":material/arrow_forward:")


def _link(step: Step, label: str, icon: str) -> None:
    st.page_link(PAGE, label=label, icon=icon, query_params={"step": step.name}, width="content")


def _try_it(step: Step) -> None:
    from pages.ui.learn import try_it

    label = _("Try it yourself: {what}").format(what=_(step.invitation))
    query = {"lesson": step.name} | try_it.settings_of(step)
    st.page_link(step.page, label=label, icon=":material/science:", query_params=query, width="content")
