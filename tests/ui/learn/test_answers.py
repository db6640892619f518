"""Every answer of the lesson, against figures that are computed in another way, and the claims of its texts."""

import re

import numpy as np
import pytest
import streamlit as st
from scipy.signal import correlate2d

from model.inference.classifier import Classifier
from model.inference.litert import Recognizer
from model.ink.render import render
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from model.training.training_data import split_dataset
from pages.ui import glossary
from pages.ui.components.term_text import terms_in, without_marks
from pages.ui.learn import answers, image_steps, materials, steps
from pages.ui.learn.steps import BY_NAME, STEPS
from pages.ui.shell.drawings import DRAWN
from tests.ui.test_glossary import ALIASES, FIELD, occurs


@pytest.fixture(autouse=True)
def empty_caches():
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def predicted(uci_digits):
    """Each network's predictions for the test images, computed now instead of read from its run."""
    return {
        name: Recognizer(RunStore().open(run_id).network).probabilities(uci_digits.x_test)
        for name, run_id in materials.RUNS.items()
    }


def right_option(step, answer):
    return BY_NAME[step].options[answer.option]


def test_the_digits_are_test_images_of_each_digit(uci_digits):
    for digit, image in enumerate(materials.digits()):
        of_digit = uci_digits.x_test[uci_digits.y_test == digit, ..., 0]
        assert (of_digit == image).all(axis=(1, 2)).any()


def test_most_pixels_of_a_moved_digit_are_different():
    image = materials.digits()[image_steps.PIXELS_DIGIT].tolist()
    changed = sum(row[column] != (row[column - 1] if column else 0) for row in image for column in range(28))
    answer = answers.pixels(np.array(image))
    assert answer.figures == {"n": changed, "total": 784}
    assert changed > 100
    assert right_option(steps.PIXELS, answer) == "More than 100"


def test_the_turned_kernel_makes_the_one_darker():
    image = materials.digits()[image_steps.DIGIT].astype(int)
    vertical = correlate2d(image, [[-1, 0, 1]] * 3, mode="valid").clip(min=0).sum()
    horizontal = correlate2d(image, np.array([[-1, 0, 1]] * 3).T, mode="valid").clip(min=0).sum()
    answer = answers.convolution(image)
    assert answer.figures == {"vertical": vertical, "horizontal": horizontal}
    assert horizontal < 0.95 * vertical
    assert right_option(steps.CONVOLUTION, answer) == "It gets darker"


def test_a_quarter_of_the_outputs_is_left_after_pooling():
    answer = answers.pooling(materials.digits()[image_steps.POOLED_DIGIT])
    assert answer.figures == {"n": 26 * 26 // 4, "side": 26 // 2}
    assert right_option(steps.POOLING, answer) == "169"


def test_the_dense_layer_has_the_most_parameters():
    convolutions = 3 * 3 * 32 + 32, 3 * 3 * 32 * 64 + 64
    dense, output = 5 * 5 * 64 * 128 + 128, 128 * 10 + 10
    answer = answers.build(CLASSROOM_RUN)
    assert answer.figures == {"n": dense, "total": sum(convolutions) + dense + output}
    assert dense > max(convolutions)
    assert "dense layer" in right_option(steps.BUILD, answer)


def test_the_overfitted_network_gets_many_more_images_wrong(uci_digits, predicted):
    wrong = {name: int((each.argmax(axis=1) != uci_digits.y_test).sum()) for name, each in predicted.items()}
    runs = materials.networks()
    answer = answers.train({name: answers.n_wrong(run) for name, run in runs.items()})
    assert answer.figures == wrong
    assert wrong["augmented"] < wrong["good"] < wrong["overfitted"] / 1.5
    assert right_option(steps.TRAIN, answer).startswith("Clearly more")


def test_the_overfitted_network_has_memorized_its_images(uci_digits):
    run = materials.networks()["overfitted"]
    (images, labels), _validation = split_dataset(uci_digits, run.config)
    assert len(labels) == 200
    assert (Recognizer(run.network).probabilities(images).argmax(axis=1) == labels).all()
    history = run.history()
    assert history.loss[-10:].mean() < 0.01, "almost 0, as the text says"
    losses = [epoch.val_loss for epoch in history.epochs]
    assert losses[-1] > 1.1 * min(losses), "it has begun to rise"
    same = {(each.config.design, each.config.dataset) for each in materials.networks().values()}
    assert len(same) == 1, "the same network, trained in three ways"


def test_the_misread_image_is_the_confident_mistake(uci_digits, predicted):
    stored = materials.networks()["overfitted"].predictions()
    shown = answers.three_images(stored)
    confidence, guess = predicted["overfitted"].max(axis=1), predicted["overfitted"].argmax(axis=1)
    (wrong,) = (index for index in shown if guess[index] != uci_digits.y_test[index])
    mistakes = np.flatnonzero(guess != uci_digits.y_test)
    assert wrong == mistakes[confidence[mistakes].argmax()]
    answer = answers.mistakes(stored, shown)
    assert shown[answer.option] == wrong
    assert answer.figures["true"] == uci_digits.y_test[wrong]
    assert answer.figures["predicted"] == guess[wrong]
    assert answer.figures["confidence"] == pytest.approx(confidence[wrong], abs=1e-4)
    assert len({int(uci_digits.y_test[index]) for index in shown}) == 3


def test_only_the_network_of_the_draw_page_rejects_the_star():
    answer = answers.draw(materials.readers(), materials.STAR)
    image = render(materials.STAR)[None, ..., None]
    runs = {name: RunStore().open_finished(run_id) for name, run_id in materials.RUNS.items()}
    runs["deep"] = RunStore().open_finished(DEFAULT_RUN)
    assert answer.figures == {name: Classifier(run).predict(image)[0].text for name, run in runs.items()}
    assert answer.figures["deep"] == "?"
    assert "?" not in {text for name, text in answer.figures.items() if name != "deep"}
    assert right_option(steps.DRAW, answer).startswith('A "?"')


def test_the_tilted_drawings_are_the_same_strokes_rotated():
    for strokes, tilted in zip(DRAWN, materials.tilted_drawings(), strict=False):
        for stroke, turned in zip(strokes, tilted, strict=True):
            before = [complex(*point) - (140 + 140j) for point in stroke]
            after = [complex(*point) - (140 + 140j) for point in turned]
            assert np.array(after) == pytest.approx(np.array(before) * np.exp(1j * np.deg2rad(20)))


def test_the_lesson_has_seven_steps_with_three_options_each():
    assert [step.name for step in STEPS] == ["pixels", "convolution", "pooling", "build", "train", "mistakes", "draw"]
    assert [len(step.options) for step in STEPS] == [3] * 7


def test_a_term_is_marked_where_the_lesson_uses_it_first():
    texts = [text for step in STEPS for text in (step.text, step.question, step.why, step.task)]
    marked = [term for text in texts for term in terms_in(text)]
    assert set(marked) <= set(glossary.TERMS)
    assert len(set(marked)) == len(marked), "only the first use is marked"
    known = set()
    for text in texts:
        known |= set(terms_in(text))
        words = without_marks(text)
        for term in re.split(r",\s+", " ".join(FIELD.split())):
            entry = ALIASES.get(term.casefold(), term)
            if occurs(term, words) and entry.casefold() not in TOO_COMMON:
                assert entry.casefold() in {each.casefold() for each in known}, (term, text)


# Words that pupils know, and names of pages.
TOO_COMMON = {"run", "class"}


def test_the_learned_kernel_is_the_one_in_the_keras_file():
    """HDF5 instead of Keras: importing that takes seconds."""
    import io
    import zipfile

    import h5py

    with zipfile.ZipFile(RunStore().open(CLASSROOM_RUN).path / "model.keras") as archive:
        file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    found = []
    file.visititems(lambda name, item: found.append(item[()]) if getattr(item, "shape", ()) == (3, 3, 1, 32) else None)
    (weights,) = found
    filters = np.moveaxis(weights[:, :, 0], -1, 0)
    distances = np.abs(filters - materials.learned_kernel()).max(axis=(1, 2))
    assert distances.min() < 0.0051, "rounded to two digits"
    assert abs(materials.learned_kernel().sum()) < 0.25
