"""Open pages with AppTest and read their texts."""

from streamlit.testing.v1 import AppTest

from tests.support import PROJECT


def opened(page, browser_language=None, **query):
    """Open one page of the app directly, as a deep link does."""
    test = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    if browser_language:
        test.context["locale"] = browser_language
    for name, value in query.items():
        test.query_params[name] = value
    if page != "app.py":
        test.switch_page(page)
    return test.run()


def recipe_box(test):
    return next(each for each in test.selectbox if each.key.startswith("train-recipe"))


def text(test):
    """Return all texts of a page, without the characters that keep Markdown out of values."""
    return " ".join(
        unescaped(each.value)
        for kind in ("title", "header", "subheader", "markdown", "caption")
        for each in test.get(kind)
    )


def unescaped(markdown):
    """Return a text as a page shows it."""
    return str(markdown).replace("\\", "").replace("\u2060", "")
