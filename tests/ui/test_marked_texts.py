"""Every text that a page can show is marked for translation, and every message of an error can be translated."""

import ast
import re
from pathlib import Path

import pytest

from model import errors
from tests.support import PROJECT

ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
MARKS = {"_", "ngettext", "N_", "Message", "explain"} | ERRORS
SHOWN_AS = {"name", "title", "text", "label", "help", "placeholder", "hovertemplate", "caption", "alt", "page_title"}
NEVER_SHOWN = {"key", "icon", "method", "hovermode", "yref", "xref", "dtick", "textposition", "mode", "format"}
# Names and marks that are the same in every language.
SAME_EVERYWHERE = {"Digit Lab", "MNIST", "Adam", "AdamW", "SGD", "ReLU", "ELU", "GELU", "F1", "PNG", "RGB", "A", "B"}
STYLE_RULES = r"(?s)(@[^{}]*\{)?[^{}]*\{\s*[a-z-]+:[^{}]*\}"
MARKUP = (STYLE_RULES, r"<[^<>]*>", r":material/\w+:", r"%?\{[^{}]*\}", r":\w+\[", r"\S*/\S*|\[[^]]*\]")
PAGES = sorted(
    path.relative_to(PROJECT).as_posix()
    for path in (PROJECT / "app.py", *(PROJECT / "pages").rglob("*.py"))
    if path.name != "translation.py"
)
MODEL = sorted(
    path.relative_to(PROJECT).as_posix() for path in (PROJECT / "model").rglob("*.py") if path.name != "errors.py"
)


def bare(text: str) -> str:
    """Return what a person would read of a string: no markup, no icons, no placeholders."""
    for markup in MARKUP:
        text = re.sub(markup, " ", text)
    return text.strip(" *#:·–.,;✓✗→×%()[]\n")


def reads_as_text(text: str) -> bool:
    words = re.findall(r"[A-Za-z][a-z']+", text)
    return bool(words) and (len(words) > 1 and " " in text or text[:1].isupper())


def literal(node: ast.AST) -> str | None:
    """Return a string or f-string, with {} for its values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def unmarked(node: ast.AST, shown: bool = False):
    """Yield (line, text) of each string below `node` that a person would read and no mark surrounds."""
    text = literal(node)
    if text is not None:
        seen = bare(text)
        if seen not in SAME_EVERYWHERE and (reads_as_text(seen) or shown and re.search("[A-Za-z]{2}", seen)):
            yield node.lineno, text
        if isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    yield from unmarked(part.value)
        return
    if isinstance(node, ast.Call) and called(node) in MARKS:
        for value in (*node.args[1 + (called(node) == "ngettext") :], *(keyword.value for keyword in node.keywords)):
            yield from unmarked(value)
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Call) and called(node) == "print":
        return  # the server's log
    if isinstance(node, ast.keyword):
        if node.arg not in NEVER_SHOWN:
            yield from unmarked(node.value, shown=node.arg in SHOWN_AS)
        return
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else None
            if name not in NEVER_SHOWN:
                yield from unmarked(value, shown=name in SHOWN_AS)
        return
    for child in ast.iter_child_nodes(node):
        yield from unmarked(child)


@pytest.mark.parametrize("file", PAGES)
def test_every_text_of_a_page_is_marked(file):
    tree = ast.parse(Path(PROJECT, file).read_text())
    assert [f"{file}:{line} {text}" for line, text in unmarked(tree)] == []


@pytest.mark.parametrize("file", MODEL)
def test_every_message_of_an_error_is_a_literal(file):
    """An f-string would be lost on the translators: its values stand in it before anybody could look it up."""
    tree = ast.parse(Path(PROJECT, file).read_text())
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) in ERRORS | {"Message"})
    bad = [call.lineno for call in calls if not isinstance(call.args and call.args[0], ast.Constant)]
    assert bad == []


def test_the_check_finds_texts_that_are_not_marked():
    source = """
st.button("Start", key="Start here", help=_("Begin the training."))
st.caption(f"{n} images are left")
figure(name="loss", hovertemplate="%{y}: %{x:.1%}<extra></extra>")
st.markdown("<style>.menu { color: red }</style>")
raise RunError("Run {run} doesn't exist.", run=run)
"""
    assert [text for _, text in unmarked(ast.parse(source))] == ["Start", "{} images are left", "loss"]
