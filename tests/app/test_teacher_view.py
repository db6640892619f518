"""The teacher's view in AppTest, the links that it builds, and what pupils see who follow them."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from model.config import TrainingConfig, settings_text
from pages.ui.learn import lesson_link, teaching
from pages.ui.learn.steps import STEPS
from tests.app.pages import opened, unescaped

LEARN = "pages/learn.py"
NAMES = [step.name for step in STEPS]


@pytest.fixture(autouse=True)
def reached_in_the_network(monkeypatch):
    monkeypatch.setattr(lesson_link, "own_address", lambda: "http://192.168.1.20:8501")


def view(**query):
    test = opened(LEARN, teacher="1", **query)
    assert not test.exception
    return test


def board_url(test):
    (board,) = (data for each in test.get("bidi_component") if "url" in (data := json.loads(each.proto.json)))
    assert board["url"] in board["alt"]
    return board["url"]


def query_of(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def html(test):
    return "".join(each.proto.body for each in test.get("html"))


def links(test, page="learn"):
    queries = (parse_qs(each.proto.query_string) for each in test.get("page_link") if each.proto.page == page)
    return [{name: values[0] for name, values in query.items()} for query in queries]


def test_the_view_of_a_step_has_its_notes_and_its_link():
    test = view()
    for name in NAMES:
        test.query_params["step"] = name
        test.run()
        assert not test.exception
        own = [each.proto.body for each in test.get("html") if each.proto.body.startswith('<div class="teaching">')]
        assert teaching.NOTES[name].aim.split("'")[0] in own[0]
        assert board_url(test) == f"http://192.168.1.20:8501/learn?step={name}"
        assert [each for each in test.button if each.key.startswith("learn-option")] == [], "nothing to answer here"
        assert list(test.warning) == []


def test_the_views_links_keep_the_language_and_the_view():
    test = view(step="build", lang="es")
    steps = [link for link in links(test) if link.get("step")]
    assert {link["step"] for link in steps if link.get("teacher") == "1"} == set(NAMES)
    assert {link.get("lang") for link in steps} == {"es"}
    assert {"step": "build", "lang": "es"} in steps, "the way back to what pupils see"
    assert query_of(board_url(test)) == {"step": "build", "lang": "es"}


@pytest.mark.parametrize("value", ["0", "yes", "<b>"])
def test_other_values_show_the_lesson(value):
    test = opened(LEARN, teacher=value)
    assert [each for each in test.button if each.key.startswith("learn-option")]


def test_everybody_finds_the_view_from_the_lesson():
    test = opened(LEARN, step="pooling", lang="es")
    assert {"step": "pooling", "lang": "es", "teacher": "1"} in links(test)


def test_the_teacher_chooses_what_pupils_see():
    test = view(step="train")
    assert "show" not in query_of(board_url(test))
    test.toggle(key="learn-limit").set_value(True).run()
    assert set(query_of(board_url(test))["show"].split(",")) == {"step", "try", "start", "rate", "curves"}
    pills = {each.key: each for each in test.get("button_group")}
    pills["learn-shown-train-train"].set_value(["curves"]).run()
    assert query_of(board_url(test))["show"] == "step,try,curves"
    {each.key: each for each in test.get("button_group")}["learn-shown-train-learn"].set_value([]).run()
    assert query_of(board_url(test))["show"] == "step"
    test.query_params["step"] = "pooling"
    test.run()
    assert query_of(board_url(test))["show"] == "step,image,relu,pooling,walk"
    assert "learn?step=train&amp;show=step<" in html(test), "the handout has each step's own choice"


def test_a_typed_address_is_used_and_a_wrong_one_is_explained():
    test = view(step="pixels")
    test.text_input(key="learn-address").set_value(" https://school.org/lab/ ").run()
    assert board_url(test) == "https://school.org/lab/learn?step=pixels"
    test.text_input(key="learn-address").set_value("<b>school</b>").run()
    assert board_url(test) == "http://192.168.1.20:8501/learn?step=pixels"
    assert "<b>school</b>" in unescaped(test.warning[0].value)
    assert "<b>" not in test.warning[0].value


def test_a_link_to_this_computer_alone_is_explained(monkeypatch):
    monkeypatch.setattr(lesson_link, "own_address", lambda: "http://localhost:8501")
    monkeypatch.setattr(lesson_link, "network_address", lambda address: "http://10.0.0.7:8501")
    test = view(step="pixels")
    assert "10.0.0.7" in unescaped(test.warning[0].value)


def test_the_lessons_links_keep_what_pupils_see():
    test = opened(LEARN, step="train", show="step,steps,try,rate", lang="es")
    kept = {"show": "step,steps,try,rate", "lang": "es"}
    steps = [link for link in links(test) if "step" in link]
    assert all(kept.items() <= link.items() for link in steps)
    test.button(key="learn-option-train-0").click().run()
    (tried,) = (link for link in links(test, "train") if "lesson" in link)
    assert kept.items() <= tried.items()
    train = opened("pages/train.py", **tried)
    assert not train.exception
    assert {"step": "train", **kept} in links(train)


def test_hidden_settings_keep_the_values_of_the_link():
    config = TrainingConfig(dataset="uci-digits", epochs=3, batch_size=16, learning_rate=0.25, optimizer="sgd")
    test = opened("pages/train.py", settings=settings_text(config), show="start,curves")
    assert not test.exception
    hidden = html(test)
    assert ".st-key-train-epochs" in hidden
    assert ".st-key-train-start" not in hidden
    assert test.number_input(key="train-epochs").value == 3
    assert test.number_input(key="train-batch-size").value == 16
    assert test.number_input(key="train-learning-rate-sgd-constant").value == 0.25
    assert not test.button(key="train-start").disabled


@pytest.mark.parametrize("page", ["pages/train.py", "pages/evaluate.py", "pages/draw.py", LEARN])
def test_everything_can_be_shown_again(page):
    test = opened(page, show="menu", run="lesson-good")
    assert not test.exception
    assert "display: none !important" in html(test)
    test.button(key="show-everything").click().run()
    assert not test.exception
    assert "show" not in test.query_params
    assert "display: none !important; }</style>" not in html(test)
    assert [each for each in test.button if each.key == "show-everything"] == []


def test_the_playground_gets_the_hidden_controls():
    test = opened(LEARN, step="convolution", show="step,kernel,walk")
    data = next(json.loads(each.proto.json) for each in test.get("bidi_component") if '"kernels"' in each.proto.json)
    assert data["hidden"] == ["image", "padding", "pooling", "relu", "stride"]
