"""The teacher's notes and plans: complete, with minutes that add up, and right about what the lesson shows."""

import re

import numpy as np
import pytest

from model.config import Block, Design
from model.networks.filtering import convolve
from model.networks.presets import CLASSROOM
from model.networks.summary import summary
from pages.ui.learn import answers, image_steps, materials, plans, steps, teaching
from pages.ui.learn.plans import PLANS
from pages.ui.learn.steps import BY_NAME, STEPS
from pages.ui.shell import parts

NAMES = [step.name for step in STEPS]


def texts_of(name):
    notes = teaching.NOTES[name]
    beliefs = [text for each in notes.misconceptions for text in (each.belief, each.answer)]
    return [notes.aim, *notes.say, notes.question, notes.hoped_for, *beliefs]


def test_every_step_has_notes_in_whole_sentences():
    assert list(teaching.NOTES) == NAMES
    texts = [text for name in NAMES for text in texts_of(name)]
    assert len(set(texts)) == len(texts)
    assert [text for text in texts if not re.search(r"[.?]”?$", text)] == []
    assert all(len(notes.say) == 3 and len(notes.misconceptions) >= 2 for notes in teaching.NOTES.values())


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: str(plan.minutes))
def test_the_minutes_of_a_plan_add_up(plan):
    assert sum(slot.minutes for slot in plan.slots) == plan.minutes
    names = [slot.name for slot in plan.slots]
    assert (names[0], names[-1]) == (plans.OPENING, plans.CLOSING)
    assert names[1:-1] == [name for name in NAMES if name in names], "the order of the lesson"
    left_out = set(NAMES) - set(names)
    assert all(any(BY_NAME[name].label in text for text in plan.leave_out) for name in left_out)


def test_the_plans_are_for_one_and_two_lessons():
    assert [plan.minutes for plan in PLANS] == [45, 90]
    assert all(PLANS[1].minutes_of(name) > PLANS[0].minutes_of(name) for name in NAMES)
    assert min(PLANS[1].minutes_of(name) for name in NAMES) > 0, "the long one leaves nothing out"


@pytest.mark.parametrize("name", NAMES)
def test_pupils_need_parts_that_exist(name):
    page = BY_NAME[name].page.removeprefix("pages/").removesuffix(".py")
    assert set(teaching.NOTES[name].parts) <= parts.PARTS[parts.LEARN].keys() | parts.PARTS[page].keys()


def test_a_step_to_the_right_changes_hundreds_of_numbers():
    assert answers.pixels(materials.digits()[image_steps.PIXELS_DIGIT]).figures["n"] >= 200


def test_the_kernel_for_diagonals_finds_them():
    kernel = 3 * np.eye(3) - 1
    assert (kernel.diagonal().tolist(), kernel.sum()) == ([2, 2, 2], 0)
    responses = [convolve(255 * stroke, kernel).max() for stroke in (np.eye(7), np.eye(7)[3:4].T @ np.ones((1, 7)))]
    assert responses[0] > 2 * max(responses[1], 0)


def test_only_the_last_kernel_was_learned():
    assert [name for name, _title, _weights in image_steps.kernels()].index("learned") == 4


def test_the_classroom_network_is_as_large_as_the_notes_claim():
    def n_parameters(design):
        return sum(row.parameters for row in summary(design, answers.SHAPE, 10))

    blocks = tuple(Block(block.filters, pooling=False) for block in CLASSROOM.blocks)
    without_pooling = Design(blocks=blocks, dense=CLASSROOM.dense, dropout=CLASSROOM.dropout)
    assert 200_000 < n_parameters(CLASSROOM) < 300_000
    assert n_parameters(without_pooling) > 10 * n_parameters(CLASSROOM), "many times larger"


def test_the_overfitted_network_was_trained_as_the_notes_claim():
    run = materials.networks()["overfitted"]
    history = run.history()
    assert (history.plan.n_train, len(history.epochs)) == (200, 60)


def test_eights_are_taken_for_ones_as_the_example_says():
    confusion = materials.networks()["overfitted"].metrics.confusion
    wrong = confusion * (1 - np.eye(10, dtype=int))
    assert (wrong[8, 1], wrong.max()) == (4, 4)
    assert any("“Four eights were taken for ones.”" in text for text in texts_of(steps.MISTAKES))


def test_nearly_one_postcode_in_five_is_wrong():
    assert round(0.96**5, 2) == 0.82
    assert 0.16 < 1 - 0.96**5 < 0.2
    assert any("0.82" in text for text in texts_of(steps.MISTAKES))
