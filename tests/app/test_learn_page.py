"""The Learn page in AppTest: addresses, questions before answers, progress, and the way to other pages and back."""

import json
import re
from gettext import NullTranslations
from urllib.parse import parse_qs

import pytest

from model.config import settings_from
from model.errors import RunError
from model.training.recipes import RECIPES
from pages.ui import translation
from pages.ui.learn import materials, steps
from pages.ui.learn.steps import BY_NAME, STEPS
from pages.ui.shell import services
from tests.app.pages import opened, recipe_box, text

LEARN = "pages/learn.py"
NAMES = [step.name for step in STEPS]


def shown(test):
    """Return all that a page shows: its texts, and the data of its components."""
    return text(test) + "".join(str(json.loads(each.proto.json)) for each in test.get("bidi_component"))


def plain_part(marked):
    """Return the longest part of a text between its terms."""
    return max(re.split(r"\[\[.*?\]\]", marked), key=len)


def answer(test, step, option=0):
    return test.button(key=f"learn-option-{step}-{option}").click().run()


def links(test, page):
    return [parse_qs(each.proto.query_string) for each in test.get("page_link") if each.proto.page == page]


def options(test):
    return [each.label for each in test.button if each.key.startswith("learn-option")]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_step_shows_its_answer_only_after_the_question(name):
    step = BY_NAME[name]
    test = opened(LEARN, step=name)
    assert not test.exception
    assert [each.value for each in test.subheader] == [step.title]
    assert options(test) == list(step.options)
    assert plain_part(step.why) not in shown(test)
    assert not [link for page in ("draw", "train", "evaluate") for link in links(test, page) if "lesson" in link]
    answer(test, name)
    assert not test.exception
    assert options(test) == []
    assert plain_part(step.why) in shown(test)
    tried = [link for page in ("draw", "train", "evaluate") for link in links(test, page) if "lesson" in link]
    assert [link["lesson"] for link in tried] == [[name]]


def test_right_and_wrong_answers_are_distinguished():
    wrong, right = opened(LEARN, step="pooling"), opened(LEARN, step="pooling")
    assert "“338”" in text(answer(wrong, "pooling", 0))
    assert "Right" in text(answer(right, "pooling", 1))
    assert "Right" not in text(wrong)


def test_progress_stays_while_the_visitor_moves_through_the_lesson():
    test = opened(LEARN, step="pixels")
    assert [each.proto.icon for each in test.get("page_link")].count(":material/check_circle:") == 0
    answer(test, "pixels", 2)
    test.query_params["step"] = "build"
    test.run()
    ticked = [each for each in test.get("page_link") if each.proto.icon == ":material/check_circle:"]
    assert [parse_qs(each.proto.query_string) for each in ticked] == [{"step": ["pixels"]}]
    del test.query_params["step"]
    test.run()
    assert test.query_params["step"] == "build", "the menu leads to the step that was shown last"


def test_the_lesson_can_be_started_again():
    test = answer(opened(LEARN, step="draw"), "draw")
    test.button(key="learn-again").click().run()
    assert not test.exception
    assert test.query_params["step"] == "pixels"
    assert [each for each in test.get("page_link") if each.proto.icon == ":material/check_circle:"] == []


@pytest.mark.parametrize("value", ["", "<script>alert(1)</script>", "0" * 5000])
def test_an_unknown_step_is_the_first_one(value):
    test = opened(LEARN, step=value)
    assert not test.exception
    assert [each.value for each in test.subheader] == [STEPS[0].title]
    assert test.query_params["step"] == "pixels"


def test_home_begins_with_the_lesson_and_the_menu_has_it():
    assert len([each for each in opened("app.py").get("page_link") if each.proto.page == "learn"]) == 2
    assert links(opened("pages/train.py"), "learn") == [{}]


@pytest.mark.parametrize("page", ["pages/train.py", "pages/evaluate.py"])
def test_a_page_that_the_lesson_opened_leads_back(page):
    assert {"step": ["train"]} in links(opened(page, lesson="train"), "learn")


@pytest.mark.parametrize("value", ["<b>", "a&step=b"])
def test_a_broken_way_back_is_not_shown(value):
    assert links(opened("pages/train.py", lesson=value), "learn") == [{}]


def test_the_step_train_opens_a_training_with_learning_rate_2():
    test = answer(opened(LEARN, step="train"), "train")
    (link,) = (link for link in links(test, "train") if "lesson" in link)
    config = settings_from(link["settings"][0])
    assert (config.learning_rate, config.dataset) == (2.0, "uci-digits")
    assert config.optimizer == RECIPES["too-hot"].config.optimizer
    train = opened("pages/train.py", settings=link["settings"][0], lesson="train")
    assert not train.exception
    assert train.number_input(key="train-learning-rate-sgd-constant").value == 2.0


@pytest.mark.slow
def test_the_step_build_opens_the_network_that_was_built():
    test = answer(opened(LEARN, step="build"), "build")
    (link,) = (link for link in links(test, "train") if "lesson" in link)
    assert settings_from(link.get("settings", ["e30"])[0]).design is None
    test.toggle(key="learn-pooling-on").set_value(False)
    test.select_slider(key="learn-neurons").set_value(16).run()
    test.run()
    (link,) = (link for link in links(test, "train") if "lesson" in link)
    design = settings_from(link["settings"][0]).design
    assert ([block.pooling for block in design.blocks], design.dense) == ([False, False], (16,))
    train = opened("pages/train.py", settings=link["settings"][0])
    assert not train.exception
    assert recipe_box(train)


def test_other_steps_open_runs_that_exist():
    for name in (steps.CONVOLUTION, steps.MISTAKES):
        test = answer(opened(LEARN, step=name), name)
        (link,) = (link for page in ("draw", "evaluate") for link in links(test, page) if "lesson" in link)
        assert services.store().open_finished(link["run"][0]).id in materials.RUNS.values()


def test_without_its_networks_a_step_says_why(monkeypatch):
    def missing():
        raise RunError("Run {run} doesn't exist.", run="lesson-good")

    monkeypatch.setattr(materials, "networks", missing)
    test = opened(LEARN, step="train")
    assert not test.exception
    assert "lesson" in test.warning[0].value


@pytest.mark.parametrize("name", [steps.PIXELS, steps.CONVOLUTION, steps.MISTAKES])
def test_the_texts_of_components_are_translated(name, monkeypatch):
    class InBrackets(NullTranslations):
        def gettext(self, message):
            return f"⟦{message}⟧"

    monkeypatch.setattr(translation, "catalog", InBrackets)
    test = answer(opened(LEARN, step=name), name)
    data = [json.loads(each.proto.json) for each in test.get("bidi_component")]
    texts = [text for each in data for text in each.get("texts", {}).values()]
    texts += [each["html"] for each in data if "html" in each]
    texts += [kernel["name"] for each in data for kernel in each.get("kernels", ())]
    assert texts
    assert [text for text in texts if text and not text.startswith("⟦")] == []


def test_the_playground_gets_whole_images_and_five_kernels():
    test = opened(LEARN, step="convolution")
    data = next(json.loads(each.proto.json) for each in test.get("bidi_component") if '"kernels"' in each.proto.json)
    assert [len(each["pixels"]) for each in data["images"]] == [784] * 10
    assert [len(each["values"]) for each in data["kernels"]] == [9] * 5
