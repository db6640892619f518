"""The question of a step: options until one is chosen, then the answer that the app computed, and one sentence on why.

Knows Streamlit, the steps and the session; the answers come from `answers`.
"""

from collections.abc import Callable, Mapping

import streamlit as st

from pages.ui.components.term_text import term_text
from pages.ui.language import format_number
from pages.ui.learn import try_it
from pages.ui.learn.answers import Answer
from pages.ui.learn.steps import Step
from pages.ui.shell import links, session
from pages.ui.shell.text import percent, plain
from pages.ui.translation import _

_STYLE = """<style>
.st-key-learn-question { border-left: 3px solid #3b6fe0; padding-left: .9rem; }
.st-key-learn-question button { min-height: 2.1rem; }
.st-key-learn-question { gap: .5rem !important; }
.st-key-learn-try a { padding: .1rem .4rem; min-height: 0; border: 1px solid rgba(128,128,128,.4); }
.st-key-learn-try a * { white-space: normal; overflow: visible; }
</style>"""


def is_answered(step: Step) -> bool:
    """Return whether the visitor has chosen an option, so that the app may show the answer."""
    return step.name in session.lesson_answers()


def ask(
    step: Step, compute: Callable[[], Answer], in_a_row: bool = False, values: Mapping[str, object] | None = None
) -> None:
    """Draw the question of a step, or once it is answered, what is right, why, and where to try it.

    The options stand below each other, or `in_a_row` if they are short; `values` are those of the question.
    """
    st.html(_STYLE)
    chosen = session.lesson_answers().get(step.name)
    with st.container(key="learn-question", gap="small"):
        before = _("Predict first")
        st.markdown(f"**{before}** · {_(step.question).format(**_shown(values or {}))}")
        if chosen is None:
            with st.container(key="learn-options", horizontal=in_a_row, gap="xsmall"):
                for number, option in enumerate(step.options):
                    st.button(
                        _(option),
                        key=f"learn-option-{step.name}-{number}",
                        width="content" if in_a_row else "stretch",
                        on_click=session.answer_question,
                        args=(step.name, number),
                    )
        else:
            _show(step, chosen, compute())
            _try_it(step)


def _show(step: Step, chosen: int, answer: Answer) -> None:
    right = _(step.options[answer.option])
    if chosen == answer.option:
        text = _("**Right:** {option}")
        st.markdown(f":material/check_circle: {text.format(option=plain(right))}")
    else:
        text = _("**Not quite.** You said “{chosen}”; the answer is “{right}”.")
        chosen_text = plain(_(step.options[chosen]))
        st.markdown(f":material/lightbulb: {text.format(chosen=chosen_text, right=plain(right))}")
    result = _(step.result).format(**_shown({"answer": right} | dict(answer.figures)))
    why = _("Why?")
    term_text(f"{result} {why} {_(step.why)}", key=f"learn-why-{step.name}")


def _try_it(step: Step) -> None:
    label = _("Try it yourself: {what}").format(what=_(step.invitation))
    query = {"lesson": step.name} | try_it.settings_of(step) | links.passed_on()
    with st.container(key="learn-try", width="content"):
        st.page_link(step.page, label=label, icon=":material/science:", query_params=query, width="content")


def _shown(values: Mapping[str, object]) -> dict[str, str]:
    """Return figures as a page shows them: counts with separators, and a confidence in percent."""
    return {name: _in_words(value) for name, value in values.items()}


def _in_words(value: object) -> str:
    if isinstance(value, float):
        return percent(value)
    return format_number(value, ",") if isinstance(value, int) else str(value)
