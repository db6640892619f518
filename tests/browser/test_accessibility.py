"""Accessibility in a real browser: axe-core on every page in both themes, the keyboard, and projector mode."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from model.config import TrainingConfig, settings_text
from pages.ui.learn.steps import STEPS
from tests.browser.conftest import Server, press_tab_until
from tests.support import PROJECT, SEVEN

pytestmark = pytest.mark.browser

AXE = PROJECT / "tests" / "node_modules" / "axe-core" / "axe.min.js"
KEYBOARD = (PROJECT / "tests" / "browser" / "keyboard.js").read_text(encoding="utf-8")
KEY = "chalk"
# What axe finds in the markup of others: rule, selector, reason. Each must still occur, so that the list stays true.
EXCEPTIONS = (
    (
        "presentation-role-conflict",
        '[data-testid="stFileUploaderDropzone"]',
        "Streamlit gives the area of a file field, which has a button inside, both a name and the role of nothing",
    ),
)
# After each epoch, the page is drawn again: so that it is at rest now and then, an epoch takes some seconds.
SLOW = TrainingConfig(dataset="uci-digits", preset="deep", batch_size=4, epochs=50)
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PROJECTORS = (WIDE, {"width": 1024, "height": 768})
AT_REST = """scheme => !document.querySelector(
    '[data-testid="stSkeleton"], [data-testid="stSpinner"], [data-stale="true"]')
  && !document.body.classList.contains('awaits-answer')
  && !document.getAnimations().some(({ transitionProperty, effect }) =>
    transitionProperty === 'opacity' && effect.target.checkVisibility())
  && getComputedStyle(document.querySelector('.stApp')).colorScheme === scheme
  && [...document.querySelectorAll('.live-chart')].every(node => node.querySelector('.main-svg'))"""
RUN_AXE = """async (exceptions) => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'], elementRef: true });
  return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ element, html, failureSummary }) => ({
    rule: id, impact, html: html.slice(0, 200), summary: failureSummary,
    exception: exceptions.findIndex(([rule, selector]) => rule === id && element.matches(selector)),
  })));
}"""
ADDRESSES = "all => all.map(each => each.getAttribute('href'))"
HEADINGS = "[...document.querySelectorAll('h1')].filter(each => !each.hidden && each.textContent.trim()).length"
# The widths of a chart's lines as they are drawn.
WIDTHS = "[...document.querySelectorAll('.live-chart .js-line')].map(line => parseFloat(line.style.strokeWidth))"
# Charts that are higher than the space that they have.
CUT_CHARTS = """[...document.querySelectorAll('.live-chart')].filter(node =>
  node.getBoundingClientRect().height > node.closest('.stElementContainer').getBoundingClientRect().height + 1
).map(node => node.getAttribute('aria-label'))"""
PROJECTED_STEPS = ("learn?step=pooling", "learn?step=train")
SWITCH = ".st-key-projector-switch [role=switch]"
PROJECTED = "document.documentElement.classList.contains('digit-lab-projector')"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with a teacher's key and without MNIST, for all tests of this file."""
    home = tmp_path_factory.mktemp("accessible")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGIT_LAB_TEACHER_KEY", KEY)
        patch.setenv("DIGIT_LAB_WARM", "0")
        server = Server(home, None)
    try:
        yield server.wait_until_ready()
    finally:
        server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def axe() -> str:
    if not AXE.exists():
        if os.environ.get("DIGIT_LAB_REQUIRE_BROWSER"):
            pytest.fail("DIGIT_LAB_REQUIRE_BROWSER is set, but axe-core isn't installed")
        pytest.skip("needs axe-core: `npm ci --prefix tests`")
    return AXE.read_text(encoding="utf-8")


def rest(page, scheme="light"):
    page.wait_for_function(AT_REST, arg=scheme)


def answer(page, step):
    page.locator(f".st-key-learn-option-{step.name}-0 button").click()
    page.wait_for_selector(".st-key-learn-try a")


def states(visitor) -> Iterator[str]:
    """Bring the page into one state after another, and name them; a training starts and ends meanwhile."""
    page = visitor.open("host")
    yield "host, locked"
    page.locator(".st-key-train-teacher-key input").fill(KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector(".st-key-host-memory")
    yield "host"
    visitor.open(f"train?settings={settings_text(SLOW)}")
    page.wait_for_selector(".st-key-train-start button")
    yield "train"
    page.locator(".st-key-train-start button").click()
    page.wait_for_selector(".st-key-train-stop button")
    run = urlsplit(page.url).query
    yield "train, starting"
    for name, path in (("home", ""), ("glossary", "glossary")):
        visitor.open(path)
        yield name
    visitor.go("Tune")
    page.wait_for_selector(".st-key-tune-plot .live-chart")
    yield "tune"
    yield from _learn(visitor, STEPS[:3])
    visitor.go("Train")
    visitor.wait_for_points("train-accuracy")
    yield "train, running"
    page.locator(".st-key-train-stop button").click()
    yield from _learn(visitor, STEPS[3:])
    visitor.open("learn?step=train&teacher=1")
    yield "teacher's view"
    yield from _evaluate(visitor)
    yield from _draw(visitor)
    visitor.open(f"train?{run}")
    page.wait_for_selector(".st-key-train-buttons [data-testid='stPageLink']")
    yield "train, stopped"


def _learn(visitor, steps) -> Iterator[str]:
    page = visitor.page
    for step in steps:
        visitor.open(f"learn?step={step.name}")
        page.wait_for_selector(f".st-key-learn-option-{step.name}-0 button")
        if step is STEPS[0]:
            yield step.name  # the others have the same parts, and once they are answered, they show all this and more
        answer(page, step)
        yield f"{step.name}, answered"


def _evaluate(visitor) -> Iterator[str]:
    page = visitor.open("evaluate?run=lesson-overfitted")
    page.wait_for_selector(".st-key-eval-errors .gallery button")
    yield "evaluate"
    page.locator(".st-key-eval-part").get_by_role("radio").last.click()
    page.wait_for_selector(".st-key-eval-deeper .live-chart[aria-label]")
    yield "evaluate, embedding"
    page.locator(".st-key-eval-errors .gallery button").first.click()
    page.get_by_role("dialog").locator(".live-chart").wait_for()
    yield "evaluate, image"


def _draw(visitor) -> Iterator[str]:
    page = visitor.open_draw()
    yield "draw, empty"
    visitor.draw(SEVEN)
    page.locator(".st-key-draw-answer h1").filter(has_text="7").wait_for()
    yield "draw"
    page.locator(".st-key-draw-way").get_by_role("radio").nth(2).click()
    page.wait_for_selector('[data-testid="stFileUploaderDropzone"]')
    yield "draw, image file"


def test_axe_finds_nothing_on_any_page(server, visit, axe):
    visitor = visit(server, viewport=WIDE, color_scheme="light")
    page, findings = visitor.page, []
    exceptions = [list(each[:2]) for each in EXCEPTIONS]

    def scan(where, scheme):
        rest(page, scheme)
        findings.extend(each | {"where": where} for each in page.evaluate(RUN_AXE, exceptions))

    for state in states(visitor):
        if page.evaluate("typeof axe === 'undefined'"):
            page.evaluate(axe)
        scan(f"{state}, light", "light")
        check_outline(page, state)
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="dark")
        scan(f"{state}, dark on a phone", "dark")
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
    assert [each for each in findings if each["exception"] < 0] == []
    assert {each["exception"] for each in findings} == set(range(len(EXCEPTIONS))), "an exception isn't needed any more"


def check_outline(page, state):
    """Check what axe can't know: one heading that can be read, the current page in the menu, a name for each chart."""
    assert page.evaluate(HEADINGS) == 1, state
    menu = page.locator(".st-key-menu")
    current, in_menu = (menu.locator(which).evaluate_all(ADDRESSES) for which in ("[aria-current=page]", "a"))
    assert current == [address for address in in_menu if urlsplit(page.url).path == f"/{address}"], state
    assert page.evaluate("document.querySelectorAll('.live-chart:not([aria-label])').length") == 0, state


@pytest.mark.parametrize(
    ("scheme", "paths"),
    [
        ("light", ("learn?step=convolution", "tune", "evaluate?run=lesson-good", "draw", "train")),
        ("dark", ("tune", "evaluate?run=lesson-good")),  # where most kinds of controls are
    ],
)
def test_tab_reaches_all_controls_and_shows_where_it_is(server, visit, scheme, paths):
    visitor = visit(server, color_scheme=scheme)
    page = visitor.page
    for path in paths:
        visitor.open(path)
        rest(page, scheme)
        page.wait_for_timeout(500)  # until the last components are there, so that the list of controls is complete
        page.evaluate(KEYBOARD)
        n_pressed = 0
        while page.keyboard.press("Tab") or page.evaluate("keyboard.note()"):
            n_pressed += 1
            assert n_pressed < 200, f"no way out of {path}"
        report = page.evaluate("keyboard.report()")
        assert report["n"] > 12
        assert (report["missed"], report["unseen"]) == ([], []), path


def test_a_cell_of_the_matrix_is_chosen_with_the_keyboard(server, visit):
    visitor = visit(server)
    page = visitor.open("evaluate?run=lesson-overfitted")
    page.wait_for_selector(".st-key-eval-errors .gallery button")
    rest(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the skip link
    press_tab_until(page, ".st-key-eval-confusion .live-chart", most=20)
    said = page.locator(".st-key-eval-confusion .live-chart-spoken")
    for key, cell in (("ArrowDown", (0, 0)), ("ArrowDown", (1, 0)), ("ArrowRight", (1, 1)), ("ArrowDown", (2, 1))):
        page.keyboard.press(key)
        said.get_by_text(f"true class {cell[0]}, predicted as {cell[1]}:").wait_for(state="attached")
    page.keyboard.press("Enter")
    page.locator(".st-key-eval-errors").get_by_text("of 2 misclassified as 1").first.wait_for()


def test_projector_mode_is_remembered_and_everything_fits(server, visit):
    visitor = visit(server, viewport=WIDE)
    sent = []
    visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page = visitor.open("learn?step=train")
    answer(page, STEPS[4])
    page.wait_for_function(f"{WIDTHS}.length === 6")
    thin, n_sent = page.evaluate(WIDTHS), len(sent)
    press_tab_until(page, SWITCH)
    page.keyboard.press("Space")
    page.wait_for_function(f"Math.min(...{WIDTHS}) > {max(thin)}")
    assert page.locator(SWITCH).get_attribute("aria-checked") == "true"
    assert len(sent) == n_sent, "the server wasn't asked for anything"

    page.reload()
    page.wait_for_function(PROJECTED)
    for path in ("", *PROJECTED_STEPS, "tune", "evaluate", "draw", "train"):
        visitor.open(path)
        page.wait_for_function(PROJECTED)
        for size in PROJECTORS:
            page.set_viewport_size(size)
            rest(page)
            assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") >= 18
            assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= size["width"], (path, size)
            cut = page.evaluate(CUT_CHARTS)
            assert cut == [], (path, size)
    page.locator(SWITCH).click()
    visitor.open("learn?step=train")
    page.wait_for_function(f"{WIDTHS}.length === 6")
    assert page.evaluate(WIDTHS) == thin
    visit(server).open("?projector=1").wait_for_function(PROJECTED)
