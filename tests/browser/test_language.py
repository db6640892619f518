"""The choice of a language in a real browser: the menu, the cookie, links, and what was entered before."""

import pytest

from pages.ui import language
from pages.ui.translation import translate
from tests.support import SEVEN

pytestmark = pytest.mark.browser

CHOSEN = "([key, label]) => document.querySelector(`.st-key-${key} input`)?.value === label"


def choose(page, code):
    page.locator(".st-key-language button").first.click()
    page.get_by_role("menuitem", name=language.names()[code]).click()
    page.wait_for_function("code => document.documentElement.lang === code", arg=code)


def wait_for_menu(page, code):
    with language.using(code):
        page.locator(".st-key-menu a[href$='train']", has_text=translate("Train")).wait_for()


def test_a_language_is_chosen_and_nothing_is_lost(server, visit):
    visitor = visit(server, locale="es-MX", viewport={"width": 1280, "height": 1600})
    page = visitor.open_draw()
    wait_for_menu(page, "es")
    assert page.evaluate("document.documentElement.lang") == "es"
    visitor.draw(SEVEN)
    visitor.wait_for_text("draw-answer", "7")
    choose(page, "en")
    wait_for_menu(page, "en")
    assert visitor.prediction() == "7", "the drawing is still there"
    assert "lang=en" in page.url

    visitor.go("train")
    page.locator(".st-key-train-schedule input").click()
    page.get_by_role("option", name="One-cycle").click()
    page.locator(".st-key-train-epochs input").fill("7")
    page.locator(".st-key-train-epochs input").press("Enter")
    choose(page, "es")
    wait_for_menu(page, "es")
    assert page.locator(".st-key-train-epochs input").input_value() == "7"
    with language.using("es"):
        page.wait_for_function(CHOSEN, arg=["train-schedule", translate("One-cycle")], timeout=8000)
    choose(page, "en")
    visitor.go("evaluate")
    page.get_by_role("radio", name="Close calls").click()
    page.get_by_role("radio", name="Close calls", checked=True).wait_for()
    choose(page, "es")
    with language.using("es"):
        page.get_by_role("radio", name=translate("Close calls"), checked=True).wait_for()
    choose(page, "en")
    page = visitor.open("glossary")
    wait_for_menu(page, "en")
    assert page.evaluate("document.documentElement.lang") == "en", "the cookie is stronger than the browser"
    page = visitor.open("glossary?lang=es")
    wait_for_menu(page, "es")
