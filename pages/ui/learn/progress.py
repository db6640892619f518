"""Where a visitor is in the lesson: the step in the address, the answers so far, the stepper, Back and Next.

Answers are stored in the session, and in the browser's tab for the case of a refresh. Knows Streamlit and the steps.
"""

from pathlib import Path

import streamlit as st

from pages.ui.learn.steps import BY_NAME, STEPS, Step
from pages.ui.shell import links, session
from pages.ui.translation import _

PAGE = "pages/learn.py"
TEACHER = "teacher"  # in the address of the teacher's view
# Streamlit marks all links to the page that is shown, which here are all steps. On a phone, Back and Next stay at the
# lower edge, and only the label of the step that is shown can be seen.
_STYLE = """<style>
.st-key-learn-progress { display: none; }
.st-key-learn-header { margin-top: -.5rem; row-gap: 0 !important; }
.st-key-learn-stepper { gap: .1rem !important; flex-wrap: nowrap !important; }
:is(.st-key-learn-stepper, .st-key-learn-pages) a { background: transparent; padding: .1rem .45rem; min-height: 0; }
:is(.st-key-learn-stepper, .st-key-learn-pages) a:hover { background: rgba(128,128,128,.12); }
.st-key-learn-stepper a * { font-weight: 400; font-size: .875rem; }
.st-key-learn-stepper .st-key-learn-current a { background: rgba(59,111,224,.18); }
.st-key-learn-stepper .st-key-learn-current a * { font-weight: 600; }
.st-key-learn-teachers a { background: transparent; }
.st-key-learn-teachers a * { font-weight: 400; }
.st-key-learn-pages a { border: 1px solid rgba(128,128,128,.4); padding: .25rem .8rem; }
[class*="st-key-learn-step-"] h3 { font-size: 1.4rem; padding: 0; }
@media (max-width: 640px) {
  .st-key-learn-stepper a { padding: .1rem .3rem; }
  .st-key-learn-stepper > :not(.st-key-learn-current, :has(> .st-key-learn-current)) a
    [data-testid="stMarkdownContainer"] { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); }
  .st-key-learn-pages { position: fixed; bottom: 0; left: 0; right: 0; z-index: 100; padding: .4rem 1rem;
    background: var(--st-background-color, Canvas); border-top: 1px solid rgba(128,128,128,.3);
    justify-content: space-between; width: 100% !important; max-width: none !important; }
  .stMainBlockContainer { padding-bottom: 4rem; }
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
    st.query_params["step"] = step.name  # always, because a link from one step to another doesn't change the address
    session.set_lesson_step(step.name)
    return step


def restore(step: Step) -> None:
    """Remember the answers that this tab gave before a refresh."""
    round_ = session.lesson_round()
    with st.container(key="learn-progress"):
        kept = _keeper(
            key=f"learn-keeper-{round_}",
            data={"answers": session.lesson_answers(), "step": step.name, "round": round_},
            on_answers_change=lambda: None,
        ).get("answers")
    if isinstance(kept, dict):
        for name, option in kept.items():
            if name in BY_NAME and type(option) is int and 0 <= option < len(BY_NAME[name].options):
                session.answer_question(name, option)


def start_again() -> None:
    """Forget all answers and return to the first step, as for the next person at this computer."""
    session.restart_lesson()
    st.query_params["step"] = STEPS[0].name


def header(step: Step) -> None:
    """Draw the seven steps as links, those with an answered question ticked, and Back and Next."""
    st.html(_STYLE)
    with st.container(
        key="learn-header", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        _stepper(step)
        _turn_pages(step)


def _stepper(step: Step) -> None:
    answered = session.lesson_answers()
    with st.container(key="learn-stepper", horizontal=True, vertical_alignment="center", width="content"):
        for number, each in enumerate(STEPS, 1):
            icon = ":material/check_circle:" if each.name in answered else f":material/counter_{number}:"
            key = "learn-current" if each is step else f"learn-to-{each.name}"
            with st.container(key=key, width="content"):
                _link(each, _(each.label), icon)


def _turn_pages(step: Step) -> None:
    number = STEPS.index(step)
    with st.container(key="learn-pages", horizontal=True, width="content", gap="small"):
        if number:
            with st.container(key="learn-back", width="content"):
                _link(STEPS[number - 1], _("Back"), ":material/arrow_back:")
        if number + 1 < len(STEPS):
            following = STEPS[number + 1]
            with st.container(key="learn-next", width="content"):
                _link(following, _("Next: {step}").format(step=_(following.label)), ":material/arrow_forward:")


def _link(step: Step, label: str, icon: str) -> None:
    st.page_link(PAGE, label=label, icon=icon, query_params=address(step), width="content")


def address(step: Step) -> dict[str, str]:
    """Return the query parameters of a link to a step, with those of this page that stay the same."""
    return {"step": step.name} | links.passed_on(TEACHER)
