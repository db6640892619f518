"""Explanations, checked against covering by hand, scikit-learn and the shipped networks."""

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InkError, RunError
from model.evaluation.explain import (
    epoch_networks,
    feature_maps,
    nearest_neighbours,
    occlusion,
    predict_after_each_epoch,
    predict_after_each_stroke,
)
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader
from model.inference.litert import Recognizer
from model.ink.render import render
from model.runs.run import Run
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore

SEVEN = [[[80, 70], [200, 70]], [[200, 70], [140, 210]]]
STROKES = [[[60, 60], [180, 60], [110, 220]], [[90, 140], [170, 140]]]


@pytest.fixture(scope="module", params=[CLASSROOM_RUN, DEFAULT_RUN])
def run(request):
    return RunStore().open_finished(request.param)


@pytest.fixture(scope="module")
def recognizer(run):
    return Recognizer(run.network)


@pytest.fixture(scope="module")
def seven():
    return render(STROKES)[..., None]


class Brightness:
    """A network of two classes; the probability of the second is the brightness of the pixel at (3, 4)."""

    def __init__(self):
        self.batches = []

    def probabilities(self, images):
        self.batches.append(images)
        bright = images[:, 3, 4].mean(axis=-1, dtype=np.float32) / 255
        return np.stack([1 - bright, bright], axis=1)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_map_is_the_drop_in_probability_under_a_patch(recognizer, seven, stride):
    drops = occlusion(recognizer, seven, 7, patch=5, stride=stride)
    assert drops.shape == (28, 28)
    assert drops.dtype == np.float32
    before = recognizer.probabilities(seven[None])[0, 7]
    for row, column in [(0, 0), (6, 12), (12, 18), (18, 12), (24, 24), (27, 27)]:
        if row % stride or column % stride:
            continue
        covered = seven.copy()
        covered[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 0
        drop = before - recognizer.probabilities(covered[None])[0, 7]
        assert drops[row, column] == pytest.approx(drop, abs=1e-5)


@pytest.mark.parametrize("side, patch, stride", [(28, 5, 2), (32, 5, 2), (8, 1, 1), (256, 45, 18)])
def test_patch_and_stride_grow_with_the_image(side, patch, stride):
    image = np.random.default_rng(0).integers(1, 256, (side, side, 1)).astype(np.uint8)
    network = Brightness()
    default = occlusion(network, image, 1)
    assert np.array_equal(default, occlusion(Brightness(), image, 1, patch, stride))
    assert network.batches[0].nbytes < 20e6


def test_a_map_is_interpolated_between_measured_pixels(recognizer, seven):
    coarse = occlusion(recognizer, seven, 7, stride=2)
    assert np.allclose(coarse[4:20:2, 5], (coarse[4:20:2, 4] + coarse[4:20:2, 6]) / 2, atol=1e-5)
    assert np.allclose(coarse[27], coarse[26], atol=1e-6)  # beyond the last measured row


def test_only_patches_over_the_pixel_that_matters_count():
    image = np.full((9, 10, 1), 255, np.uint8)
    expected = np.zeros((9, 10))
    expected[2:5, 3:6] = 1
    assert np.allclose(occlusion(Brightness(), image, 1, patch=3, stride=1), expected)
    assert np.allclose(occlusion(Brightness(), image, 0, patch=3, stride=1), -expected)


def test_only_changed_images_are_predicted_all_at_once():
    image, network = np.zeros((8, 8, 1), np.uint8), Brightness()
    image[3, 4] = 200
    occlusion(network, image, 1, patch=3, stride=1)
    (batch,) = network.batches
    assert len(batch) == 1 + 9


def test_colour_images_are_covered_with_their_mean_colour():
    image, network = np.zeros((8, 8, 3), np.uint8), Brightness()
    image[:4] = (200, 100, 40)
    occlusion(network, image, 1, patch=3, stride=4)
    assert np.array_equal(network.batches[0][1][:2, :2], np.full((2, 2, 3), (100, 50, 20)))


def test_an_empty_image_has_a_map_of_zeros(recognizer):
    assert not occlusion(recognizer, np.zeros((28, 28, 1), np.uint8), 7).any()


def test_maps_are_scaled_by_the_99th_percentile_of_the_layer(recognizer, seven):
    maps = feature_maps(recognizer, seven)
    layers = recognizer.layer_outputs(seven[None])
    assert set(maps) == {"convolution_1", "pooling_1", "convolution_2"}
    for name, images in maps.items():
        height, width, n = layers[name].shape
        assert images.shape == (n, height, width)
        assert images.dtype == np.uint8
        assert images.max() == 255
        for number in (0, n - 1):
            top = np.percentile(layers[name][layers[name] > 0], 99)
            expected = np.clip(layers[name][:, :, number] / top, 0, 1) * 255
            assert np.allclose(images[number], expected, atol=0.51)


def test_layers_without_activations_are_black():
    class Inactive:
        def layer_outputs(self, image):
            return {"convolution_1": np.zeros((4, 5, 3), np.float32), "features": np.ones(7, np.float32)}

    maps = feature_maps(Inactive(), np.zeros((6, 7, 1), np.uint8))
    assert maps.keys() == {"convolution_1"}
    assert maps["convolution_1"].shape == (3, 4, 5)
    assert not maps["convolution_1"].any()


def test_a_file_without_layers_has_no_maps(run, seven):
    assert feature_maps(Recognizer(epoch_networks(run)[0]), seven) == {}


def test_every_stored_epoch_predicts(run, seven):
    networks = epoch_networks(run)
    assert list(networks) == ([0, 1, 2, 3, 4, 5] if run.id == CLASSROOM_RUN else [0, 1, 2, 4, 8, 16])
    results = predict_after_each_epoch(run, seven)
    assert [epoch for epoch, _ in results] == list(networks)
    for epoch, probabilities in results:
        assert np.allclose(probabilities, Recognizer(networks[epoch]).probabilities(seven[None])[0])
    assert results[0][1].max() < 0.5  # untrained
    assert results[-1][1].argmax() == 7


def test_networks_are_opened_by_the_given_function(run, seven):
    opened = []

    def load(path):
        opened.append(path.name)
        return Recognizer(path)

    predict_after_each_epoch(run, seven, load)
    assert opened == [path.name for path in epoch_networks(run).values()]


def test_other_files_are_ignored(run, tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    source = run.checkpoints / "epoch-001.tflite"
    for name in ("epoch-010.tflite", "epoch-002.tflite", "epoch-1000.tflite"):
        shutil.copy(source, folder / name)
    for name in (".epoch-003.tflite", "epoch-004.keras", "epoch-best.tflite", "step-000005.keras"):
        (folder / name).touch()
    assert list(epoch_networks(Run(tmp_path))) == [2, 10, 1000]


def test_a_run_without_checkpoints_has_no_epochs(tmp_path, seven):
    assert epoch_networks(Run(tmp_path)) == {}
    assert predict_after_each_epoch(Run(tmp_path), seven) == []


def test_the_error_of_a_damaged_epoch_names_its_file(tmp_path, seven):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "epoch-001.tflite").write_bytes(b"cut")
    with pytest.raises(RunError) as caught:
        predict_after_each_epoch(Run(tmp_path), seven)
    assert caught.value.values["file"] == "epoch-001.tflite"


def test_neighbours_agree_with_scikit_learn(rng):
    from sklearn.neighbors import NearestNeighbors

    features = rng.normal(size=(500, 16)).astype(np.float32)
    query = rng.normal(size=16).astype(np.float32)
    distance, index = NearestNeighbors(n_neighbors=7).fit(features).kneighbors(query[None])
    indices, distances = nearest_neighbours(features, query, 7)
    assert np.array_equal(indices, index[0])
    assert np.allclose(distances, distance[0], atol=1e-5)


def test_an_image_is_nearest_to_itself_and_k_may_be_large():
    features = np.array([[3, 4], [0, 0], [3, 4]], np.float32)
    indices, distance = nearest_neighbours(features, features[0], 10)
    assert indices.tolist() == [0, 2, 1]
    assert distance.tolist() == [0, 0, 5]


def test_each_stroke_is_predicted_with_those_before_it(run, recognizer):
    reader = DigitReader(Classifier(run, recognizer))
    results = predict_after_each_stroke(reader, [SEVEN[0], [], SEVEN[1]])
    assert [drawn for drawn, _ in results] == [1, 2]
    for drawn, predictions in results:
        assert predictions.to_dict() == reader.read_strokes(SEVEN[:drawn]).to_dict()
    assert results[-1][1].text == "7"


@pytest.mark.parametrize("strokes", [[], [[]]])
def test_an_empty_drawing_has_no_predictions(run, recognizer, strokes):
    assert predict_after_each_stroke(DigitReader(Classifier(run, recognizer)), strokes) == []


@given(st.integers(1, 60), st.integers(1, 15))
def test_many_strokes_give_evenly_spaced_moments(n, most):
    class Counting:
        def read_strokes(self, strokes):
            return len(strokes)

    results = predict_after_each_stroke(Counting(), [[[5 * i, 0], [5 * i, 50]] for i in range(n)], most)
    moments = [drawn for drawn, _ in results]
    assert [n_seen for _, n_seen in results] == moments
    assert len(moments) == min(n, most)
    assert moments[-1] == n
    if most > 1:
        assert moments[0] == 1
    gaps = np.diff(moments).tolist() or [0]
    assert max(gaps) - min(gaps) <= 1


def test_anything_but_strokes_raises_an_error(run, recognizer):
    with pytest.raises(InkError):
        predict_after_each_stroke(DigitReader(Classifier(run, recognizer)), "seven")
