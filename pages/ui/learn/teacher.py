"""The teacher's view of the lesson (`/learn?teacher=1`): notes on a step, its link for the board, plans, and a handout.

Open to everyone, as there is no secret in it. Knows Streamlit, the lesson's texts and the parts of pages.
"""

from pathlib import Path

import streamlit as st

from pages.ui import language
from pages.ui.learn import board, handout, lesson_link, plans, progress, steps, teaching
from pages.ui.learn.steps import STEPS, Step
from pages.ui.shell import parts, session
from pages.ui.shell.text import plain
from pages.ui.translation import _

_ADDRESS, _LIMIT = "learn-address", "learn-limit"
_INSTRUMENTS = {
    steps.CONVOLUTION: parts.CONTROLS,
    steps.POOLING: parts.CONTROLS,
    steps.BUILD: ("layers",),
    steps.MISTAKES: ("cells",),
    steps.DRAW: ("drawings",),
}


def link(step: Step) -> None:
    """Draw the link to the teacher's view of a step, or back to what pupils see."""
    query = progress.address(step)
    with st.container(key="learn-teachers", width="content"):
        if progress.TEACHER in query:
            del query[progress.TEACHER]
            label, icon = _("Back to the lesson"), ":material/arrow_back:"
        else:
            query[progress.TEACHER] = "1"
            label, icon = _("For teachers"), ":material/co_present:"
        st.page_link(progress.PAGE, label=label, icon=icon, query_params=query, width="content")


def view(step: Step) -> None:
    """Draw the notes on a step beside its link, and below them the plans and the handout."""
    st.html(f"<style>{handout.STYLE}</style>")
    left, right = st.columns([1.9, 1], gap="large")
    with left:
        number = _("Step {number} of {total}, for teachers").format(number=STEPS.index(step) + 1, total=len(STEPS))
        st.caption(f"{number} · {handout.minutes(step)}")
        st.subheader(_(step.title), anchor=False)
        st.html(f'<div class="teaching">{handout.notes(step)}</div>')
    with right:
        _link_of(step)
    _plans()
    _handout()


def _link_of(step: Step) -> None:
    title = _("The link for the board")
    st.markdown(f"**{title}**")
    shown = st.container()
    _choose_parts(step)
    _address_field()
    with shown, st.container(key="learn-link"):
        board.board(url_of(step), f"{_(step.label)}: {_(step.title)}")


def url_of(step: Step) -> str:
    """Return the link to a step, with the address, the language and the parts that the teacher has chosen."""
    code = language.current()
    spoken = language.tag(code) if session.chosen_language() or code != language.ENGLISH else None
    return lesson_link.url_of(step, _address(), _chosen_parts(step), spoken)


def _address() -> str:
    typed = st.session_state.get(_ADDRESS) or ""
    return typed.strip().rstrip("/") if lesson_link.is_address(typed.strip()) else lesson_link.own_address()


def _address_field() -> None:
    """Draw the field for the address under which pupils reach the app, with a warning if they can't."""
    own = lesson_link.own_address()
    typed = st.text_input(
        _("Address under which pupils reach Digit Lab"), key=_ADDRESS, placeholder=own, persist_state="session"
    ).strip()
    if typed and not lesson_link.is_address(typed):
        text = _("{address} isn't a web address. Enter one that begins with http:// or https://.")
        st.warning(text.format(address=plain(typed)))
    elif lesson_link.is_loopback(_address()):
        text = _(
            "{address} leads every pupil to their own computer. Enter the address of this computer in your network "
            "above, for example {example}."
        )
        example = lesson_link.network_address(own) or "http://192.168.1.20:8501"
        st.warning(text.format(address=plain(_address()), example=plain(example)))


def _choose_parts(step: Step) -> None:
    """Draw the choice of what pupils see."""
    st.toggle(_("Hide what pupils don't need"), key=_LIMIT, persist_state="session")
    if not st.session_state.get(_LIMIT):
        return
    chosen = _pills(step, parts.LEARN, _("Shown in this step"))
    if parts.TRY in chosen:
        page = _page_of(step)
        titles = {parts.TRAIN: _("Train"), parts.EVALUATE: _("Evaluate"), parts.DRAW: _("Draw")}
        label = _("Shown on the page {page}; everything if none is chosen").format(page=titles[page])
        _pills(step, page, label)


def _pills(step: Step, page: str, label: str) -> list[str]:
    key = _key(step, page)
    st.session_state.setdefault(key, _needed(step, page))
    return st.pills(
        label,
        _offered(step, page),
        selection_mode="multi",
        format_func=lambda name: _(parts.PARTS[page][name].label),
        key=key,
        wrap=True,
        persist_state="session",
    )


def _key(step: Step, page: str) -> str:
    return "-".join(("learn-shown", step.name, page))


def _page_of(step: Step) -> str:
    return Path(step.page).stem


def _offered(step: Step, page: str) -> tuple[str, ...]:
    if page == parts.LEARN:
        return (*_INSTRUMENTS.get(step.name, ()), "steps", parts.TRY, parts.MENU)
    return tuple(name for name in parts.PARTS[page] if name != parts.MENU)


def _needed(step: Step, page: str) -> list[str]:
    return [name for name in _offered(step, page) if name in teaching.NOTES[step.name].parts]


def _chosen_parts(step: Step) -> tuple[str, ...] | None:
    """Return the names of the parts that pupils see in a step, None for everything."""
    if not st.session_state.get(_LIMIT):
        return None
    chosen = tuple(st.session_state.get(_key(step, parts.LEARN), _needed(step, parts.LEARN)))
    if parts.TRY in chosen:
        page = _page_of(step)
        chosen += tuple(st.session_state.get(_key(step, page), _needed(step, page)))
    return chosen


def _plans() -> None:
    st.subheader(_("Plan of the lesson"), anchor=False)
    with st.container(key="learn-plans"):
        by_minutes = {plan.minutes: plan for plan in plans.PLANS}
        minutes = st.segmented_control(
            _("Length of the lesson"),
            list(by_minutes),
            format_func=lambda minutes: _(by_minutes[minutes].title),
            default=plans.PLANS[0].minutes,
            required=True,
            key="learn-plan",
            label_visibility="collapsed",
        )
        st.html(f'<div class="teaching">{handout.plan(by_minutes[minutes])}</div>')


def _handout() -> None:
    """Draw the ways to print, and the handout itself, which is seen on paper only."""
    # Made now, in this visitor's language, as a download is made outside of the script.
    body = handout.body({step.name: url_of(step) for step in STEPS})
    document = handout.document(body)
    st.caption(_("The handout has all seven steps with their links, and both plans, on A4 pages."))
    with st.container(key="learn-handout", horizontal=True, vertical_alignment="center"):
        board.print_button()
        st.download_button(
            _("Download (HTML)"),
            document,
            "digit-lab-lesson.html",
            "text/html",
            icon=":material/download:",
            key="learn-download",
            on_click="ignore",
        )
    st.html(handout.for_print(body))
