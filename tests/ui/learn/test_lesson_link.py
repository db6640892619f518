"""The link for the board, its QR code, which a decoder of another project reads, and the handout that contains both."""

import re
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest
import zxingcpp

from pages.ui.learn import handout, lesson_link, plans, teaching
from pages.ui.learn.steps import BY_NAME, STEPS

POOLING = BY_NAME["pooling"]


def painted(svg):
    """Return the image of an SVG of segno's, whose only dark things are horizontal lines of width 1."""
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    image = np.full((side, side), 255, np.uint8)
    x = y = 0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", re.search(r'stroke="#000" d="([^"]+)"', svg)[1]):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            image[int(y), int(x) : int(x + values[0])] = 0
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return image.repeat(6, axis=0).repeat(6, axis=1)


def decoded(data_uri):
    assert data_uri.startswith("data:image/svg+xml")
    (found,) = zxingcpp.read_barcodes(painted(unquote(data_uri.partition(",")[2]).replace("'", '"')))
    return found.text


def reached_by(monkeypatch, url, **headers):
    monkeypatch.setattr(lesson_link, "st", SimpleNamespace(context=SimpleNamespace(url=url, headers=headers)))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_camera_reads_the_link_of_a_step(step):
    url = lesson_link.url_of(step, "http://192.168.1.20:8501", ("kernel", "walk"), "es")
    assert decoded(lesson_link.qr_image(url)) == url


def test_a_link_has_the_step_the_language_and_the_parts():
    assert lesson_link.url_of(POOLING, "https://school.org/lab") == "https://school.org/lab/learn?step=pooling"
    url = lesson_link.url_of(POOLING, "https://school.org/lab/", ("relu", "menu"), "es&show=all")
    split = urlsplit(url)
    assert (split.netloc, split.path) == ("school.org", "/lab/learn")
    assert parse_qs(split.query) == {"step": ["pooling"], "lang": ["es&show=all"], "show": ["step,relu,menu"]}
    assert parse_qs(urlsplit(lesson_link.url_of(POOLING, "http://a", ())).query)["show"] == ["step"]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://192.168.1.20:8501/learn", "http://192.168.1.20:8501"),
        ("https://digits.streamlit.app/~/+/learn", "https://digits.streamlit.app"),
        ("https://school.org/digit-lab/learn/", "https://school.org/digit-lab"),
        ("https://school.org", "https://school.org"),
        (None, "http://lab.local:8501"),
    ],
)
def test_the_address_is_the_one_of_the_visitors_browser(monkeypatch, url, address):
    reached_by(monkeypatch, url, host="lab.local:8501")
    assert lesson_link.own_address() == address


@pytest.mark.parametrize("text", ["", "school", "javascript:alert(1)", "http://", "http://a b", "http://[", "ftp://a"])
def test_other_texts_are_no_addresses(text):
    assert not lesson_link.is_address(text)


def test_a_machines_address_in_its_network_keeps_port_and_path():
    found = lesson_link.network_address("http://localhost:8501/lab")
    assert found is None or re.fullmatch(r"http://(?!127)[\d.]+:8501/lab", found)


@pytest.fixture(scope="module")
def document():
    urls = {step.name: lesson_link.url_of(step, "http://lab.local", ("try",)) for step in STEPS}
    return handout.document(handout.body(urls))


def test_the_handout_contains_all_notes_plans_and_links(document):
    words = re.sub(r"<[^>]+>", " ", document).replace("&#x27;", "'").replace("&quot;", '"')
    for step in STEPS:
        notes = teaching.NOTES[step.name]
        for text in (step.title, notes.aim, *notes.say, notes.question, notes.hoped_for):
            assert text in words
        for each in notes.misconceptions:
            assert f"“{each.belief}” {each.answer}" in re.sub(r"\s+", " ", words)
        assert f"http://lab.local/learn?step={step.name}&amp;show=step,try" in words
    for plan in plans.PLANS:
        assert all(slot.pupils in words for slot in plan.slots)
    codes = re.findall(r'<img src="(data:[^"]+)"', document)
    assert [parse_qs(urlsplit(decoded(code)).query)["step"] for code in codes] == [[step.name] for step in STEPS]


def test_the_handout_needs_nothing_from_elsewhere(document):
    assert re.findall(r'(?:src|href)="(?!data:)|<script|<link|@import|url\(', document) == []


def test_the_times_of_a_plan_follow_each_other():
    for plan in plans.PLANS:
        times = [tuple(map(int, each)) for each in re.findall(r">(\d+)–(\d+) min<", handout.plan(plan))]
        assert [start for start, _end in times] == [0, *(end for _start, end in times[:-1])]
        assert times[-1][1] == plan.minutes


def test_a_link_in_the_handout_is_escaped():
    urls = {step.name: 'http://a/"><script>alert(1)</script>' for step in STEPS}
    assert "<script" not in handout.body(urls)
