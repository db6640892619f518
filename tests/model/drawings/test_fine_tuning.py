"""Fine-tuning on a visitor's drawings, with real trainings on the digits that need no download."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from model.config import TrainingConfig
from model.data import catalog
from model.drawings import collection, fine_tuning
from model.drawings.collection import LabelledDrawing
from model.errors import RunError
from model.inference.litert import Recognizer
from model.ink.render import parse_strokes
from model.results import NO_DIGIT
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from model.training import worker

pytestmark = pytest.mark.slow

TRIANGLE = [[60, 220], [140, 60], [220, 220], [60, 220]]


def drawings(n, label, points=TRIANGLE):
    return [
        LabelledDrawing(f"{label}-{i}", label, parse_strokes([[[x + 3 * i, y] for x, y in points]])) for i in range(n)
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A store with a finished run."""
    store = RunStore(tmp_path_factory.mktemp("home"))
    run = store.create(TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=4, precision="float32"))
    assert worker.run(run.path) == "finished"
    return store, store.open_finished(run.id)


def test_fine_tuning_learns_drawings_and_forgets_no_digits(base):
    store, run = base
    drawn = drawings(12, 5)
    images, labels = collection.render_all(drawn)
    before = Recognizer(run.network).probabilities(images)[:, 5]
    config = fine_tuning.fine_tuning_config(run, len(drawn))
    tuned = store.create(config, drawings=collection.to_jsonl(drawn))
    assert worker.run(tuned.path) == "finished"
    tuned = store.open(tuned.id)
    after = Recognizer(tuned.network).probabilities(images)[:, 5]
    assert labels.tolist() == [5] * 12
    assert after.mean() > before.mean() + 0.3
    assert tuned.metrics.accuracy > run.metrics.accuracy - 0.05
    first = keras.models.load_model(tuned.checkpoints / "epoch-000.keras", compile=False)
    kept = keras.models.load_model(run.path / "model.keras", compile=False)
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), kept.get_weights(), strict=True))


def test_about_one_drawing_in_four_is_held_out():
    drawn = drawings(400, 3)
    trained, held_out = fine_tuning.training_part(drawn), fine_tuning.held_out_part(drawn)
    assert 70 < len(held_out) < 130
    assert sorted(drawing.id for drawing in (*trained, *held_out)) == sorted(drawing.id for drawing in drawn)
    assert [drawing for drawing in drawn if drawing in held_out] == held_out, "in their order"


@pytest.mark.parametrize("n", range(2, 9))
def test_with_few_drawings_both_parts_have_at_least_one(n):
    for label in (0, 1, 2, 3):
        drawn = drawings(n, label)
        assert 1 <= len(fine_tuning.held_out_part(drawn)) < n


def test_a_drawing_that_was_trained_on_is_never_held_out_later():
    drawn = drawings(60, 3)
    trained = {drawing.id for drawing in fine_tuning.training_part(drawn)}
    for later in (drawn[7:], [*drawn[30:], *drawn[:30]], [*drawn, *drawings(20, 4)]):
        assert not trained & {drawing.id for drawing in fine_tuning.held_out_part(later)}


def test_drawings_and_scribbles_are_added_to_the_training(tmp_path):
    (tmp_path / "lessons.jsonl").write_text(collection.to_jsonl([*drawings(3, 7), *drawings(2, NO_DIGIT)]))
    dataset = catalog.load("uci-digits")
    with_non_digits = fine_tuning.add_fine_tuning_drawings(dataset, tmp_path, knows_non_digits=True, seed=0)
    assert with_non_digits.class_names[-1] == NO_DIGIT
    images, labels = with_non_digits.extra_training
    assert images.shape[1:] == (28, 28, 1)
    assert set(labels.tolist()) == {7, 10}
    without = fine_tuning.add_fine_tuning_drawings(dataset, tmp_path, knows_non_digits=False, seed=0)
    assert set(without.extra_training[1].tolist()) == {7}, "a network of ten classes can't learn an eleventh"
    assert np.array_equal(dataset.x_train, without.x_train)


def test_a_folder_without_drawings_raises_an_error(tmp_path):
    with pytest.raises(RunError) as caught:
        fine_tuning.add_fine_tuning_drawings(catalog.load("uci-digits"), tmp_path, knows_non_digits=False, seed=0)
    assert caught.value.values == {"run": tmp_path.name, "file": "lessons.jsonl"}


def test_too_few_drawings_raise_an_error():
    with pytest.raises(RunError) as caught:
        fine_tuning.fine_tuning_config(RunStore().open_finished(CLASSROOM_RUN), 3)
    assert caught.value.values == {"least": 4, "n": 3}


def test_a_network_for_photos_is_not_fine_tuned_on_drawings(base):
    _, run = base
    photos = replace(run, dataset=replace(run.dataset, image_shape=(32, 32, 3)))
    with pytest.raises(RunError) as caught:
        fine_tuning.fine_tuning_config(photos, 8)
    assert caught.value.values == {"run": run.id}


@pytest.mark.parametrize("run_id", [CLASSROOM_RUN, DEFAULT_RUN])
def test_the_settings_keep_network_and_dataset_of_the_run(run_id):
    run = RunStore().open_finished(run_id)
    config = fine_tuning.fine_tuning_config(run, 8)
    assert (config.network, config.dataset, config.drawings) == (
        run.config.network,
        run.config.dataset,
        run.config.drawings,
    )
    assert config.start_from == run_id
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_network_with_other_layers_fails_with_a_reason(base):
    store, run = base
    config = replace(fine_tuning.fine_tuning_config(run, 8), preset="dense-128")
    tuned = store.create(config, drawings=collection.to_jsonl(drawings(8, 5)))
    assert worker.run(tuned.path) == "failed"
    assert run.id in store.open(tuned.id).reason
