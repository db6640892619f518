"""What a class gets from a teacher: links that hide parts, QR codes on the wall, and the handout on paper."""

import io
import re

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from pages.ui.learn.steps import STEPS
from pages.ui.shell.parts import DRAW, EVALUATE, PARTS, TRAIN

pytestmark = pytest.mark.browser

# Addresses at which all parts of a page can be seen, except those that only a run brings.
FULL = {
    TRAIN: "train?",
    EVALUATE: "evaluate?run=lesson-overfitted",
    DRAW: "draw?run=lesson-good",
}
BY_RUN = {"predictions"}
# What the other inputs of the Draw page bring, and the buttons of a run.
ELSEWHERE = re.compile(
    "draw-(back|image)|draw-meant|train-(buttons|key|loss|accuracy|rate|comment)$|learn-teachers|menu"
)


def in_sight(page):
    """Return the keys of all containers and widgets that can be seen."""
    return set(
        page.evaluate(
            """() => [...document.querySelectorAll('[class*="st-key-"]')].filter((node) => node.checkVisibility())
                .flatMap((node) => [...node.classList].filter((name) => name.startsWith("st-key-"))
                .map((name) => name.slice(7)))"""
        )
    )


def keys_of(part):
    return {key for selector in part.selectors for key in re.findall(r"st-key-([\w-]+)", selector)}


def accepts_focus(page, keys):
    """Return those of the keys that have something inside that a keyboard could reach."""
    return page.evaluate(
        """(keys) => keys.filter((key) => [...document.querySelectorAll(`.st-key-${key}, .st-key-${key} *`)]
            .some((node) => { node.focus?.({ preventScroll: true }); return document.activeElement === node; }))""",
        sorted(keys),
    )


def check_page(visitor, name):
    """Show each second part, then the others: what is named is in sight, and nothing else can be seen or reached."""
    page = visitor.page
    names = [part for part in PARTS[name] if part not in BY_RUN]
    for chosen in (names[::2], names[1::2]):
        visitor.open(f"{FULL[name]}&show={','.join(chosen)},unknown")
        page.locator(".st-key-show-everything button").wait_for()  # the last that a page draws
        wanted = {key for part in chosen for key in keys_of(PARTS[name][part]) if not ELSEWHERE.match(key)}
        for key in wanted:
            page.locator(f".st-key-{key}").first.wait_for()
        unwanted = {key for part in names if part not in chosen for key in keys_of(PARTS[name][part])}
        assert in_sight(page) & unwanted == set(), name
        assert accepts_focus(page, unwanted) == [], name
        assert accepts_focus(page, {"footer"}), "the check itself finds links"
    page.locator(".st-key-show-everything button").press("Enter")
    for key in {key for part in names for key in keys_of(PARTS[name][part]) if not ELSEWHERE.match(key)}:
        page.locator(f".st-key-{key}").first.wait_for()
    assert "show=" not in page.url


def check_lesson(visitor):
    page = visitor.open("learn?step=convolution&show=step,kernel,pooling,steps,try&lang=en")
    page.locator(".st-key-learn-option-convolution-2 button").click()
    page.locator("[data-control=kernel]:enabled").wait_for()
    controls = page.locator(".playground [data-control]").evaluate_all(
        "nodes => nodes.filter((node) => node.checkVisibility()).map((node) => node.dataset.control)"
    )
    assert controls == ["kernel", "pooling"]
    assert "menu" not in in_sight(page)
    page.locator(".st-key-learn-next a").click()
    page.wait_for_url("**/learn?*step=pooling*")
    assert {"show=step,kernel,pooling,steps,try", "lang=en"} <= set(
        page.url.replace("%2C", ",").split("?")[1].split("&")
    )
    visitor.open("learn?step=convolution&show=step,walk")
    page.locator(".nine input:disabled").first.wait_for()
    assert page.locator(".nine input:enabled").count() == 0, "the weights belong to the kernel"
    assert {"learn-header", "learn-try", "learn-teachers"} & in_sight(page) == set()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert "step=convolution" in page.url, "the arrow keys don't lead to other steps either"


def decoded(screenshot):
    image = np.asarray(Image.open(io.BytesIO(screenshot)).convert("L"))
    return [found.text for found in zxingcpp.read_barcodes(image)]


def check_teacher(visitor):
    page = visitor.open("learn?step=train")
    page.locator(".st-key-learn-teachers a").press("Enter")
    page.locator(".lesson-board figure img[src]").wait_for()
    assert "teacher=1" in page.url
    url = page.locator(".lesson-board figure a").inner_text()
    assert url == f"{visitor.url}/learn?step=train"
    assert url in page.locator(".lesson-board figure img").get_attribute("alt")
    assert decoded(page.locator(".lesson-board figure").screenshot()) == [url]
    page.locator(".board-open").press("Enter")
    large = page.locator(".board-large")
    large.wait_for()
    box = large.locator("img").bounding_box()
    assert min(box["width"], box["height"]) > 500
    assert decoded(page.screenshot()) == [url]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    large.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.className") == "board-open"
    page.locator(".st-key-learn-next a").press("Enter")
    page.wait_for_url("**/learn?*step=mistakes*")
    assert "teacher=1" in page.url, "the arrow key turned no page behind the large code"


def check_paper(visitor):
    page = visitor.page
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1 + len(STEPS)
    sizes = {tuple(map(float, size)) for size in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)}
    assert [(round(width), round(height)) for width, height in sizes] == [(595, 842)], "A4 in points"
    page.emulate_media(media="print")
    assert in_sight(page) & {"menu", "footer", "learn-header", "learn-link", "learn-plans", "learn-handout"} == set()
    colours = page.evaluate(
        """() => [".stApp", ".handout", ".handout h1", ".handout .one-step p"].map((selector) => {
            const style = getComputedStyle(document.querySelector(selector));
            return [style.backgroundColor, style.color]; })"""
    )
    assert [each[0] for each in colours[:2]] == ["rgb(255, 255, 255)"] * 2
    assert {each[1] for each in colours[1:]} == {"rgb(0, 0, 0)"}
    page.emulate_media(media="screen")
    assert page.locator(".handout").is_hidden()


def test_a_class_sees_what_its_teacher_has_chosen(server, visit):
    pupil = visit(server)
    check_lesson(pupil)
    for name in FULL:
        check_page(pupil, name)
    teacher = visit(server, color_scheme="dark")
    check_teacher(teacher)
    check_paper(teacher)
    phone = visit(server, viewport={"width": 390, "height": 844})
    page = phone.open("learn?step=mistakes&teacher=1")
    page.locator(".lesson-board figure img[src]").wait_for()
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
