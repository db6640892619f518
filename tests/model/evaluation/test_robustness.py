"""Perturbations checked by hand and by counting, the accuracy measured with them, and its file."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.data import catalog
from model.errors import ConfigError
from model.evaluation.perturbations import PERTURBATIONS, perturb
from model.evaluation.robustness import Robustness, load, measure_robustness, save
from model.inference.litert import Recognizer
from model.runs.run import Run
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore

EVERY = pytest.mark.parametrize("kind", PERTURBATIONS)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (5, 12, 10, 3)).astype(np.uint8)


def spot(row, column, side=29):
    """Return an image with one bright block of 3x3 pixels."""
    image = np.zeros((1, side, side, 1), np.uint8)
    image[0, row - 1 : row + 2, column - 1 : column + 2] = 255
    return image


def centre_of(image):
    """Return row and column of the centre of mass."""
    brightness = image[..., 0].astype(float)
    rows, columns = np.indices(brightness.shape)
    return (rows * brightness).sum() / brightness.sum(), (columns * brightness).sum() / brightness.sum()


def test_each_kind_has_seven_strengths_and_a_neutral_one():
    assert list(PERTURBATIONS) == ["rotation", "shift", "scale", "thickness", "noise", "blur"]
    for perturbation in PERTURBATIONS.values():
        assert len(perturbation.strengths) == 7
        assert list(perturbation.strengths) == sorted(set(perturbation.strengths))
        assert perturbation.neutral in perturbation.strengths
        assert perturbation.title
        assert perturbation.unit


@EVERY
def test_only_the_neutral_strength_changes_nothing(kind, images):
    before = images.copy()
    for strength in PERTURBATIONS[kind].strengths:
        perturbed = perturb(images, kind, strength)
        assert perturbed.shape == images.shape
        assert perturbed.dtype == np.uint8
        assert np.array_equal(perturbed, images) == (strength == PERTURBATIONS[kind].neutral)
        assert perturbed is not images
    assert np.array_equal(images, before)


@EVERY
def test_the_same_seed_gives_the_same_perturbation(kind, images):
    strongest = PERTURBATIONS[kind].strengths[-1]
    first = perturb(images, kind, strongest, seed=1)
    assert np.array_equal(first, perturb(images, kind, strongest, seed=1))
    is_random = kind in ("shift", "noise")
    assert np.array_equal(first, perturb(images, kind, strongest, seed=2)) != is_random


@EVERY
def test_an_empty_batch_stays_empty(kind):
    none = np.zeros((0, 28, 28, 1), np.uint8)
    assert perturb(none, kind, PERTURBATIONS[kind].strengths[-1]).shape == none.shape


@pytest.mark.parametrize("degrees", [-60, -20, 40])
def test_rotation_is_counter_clockwise_around_the_centre(degrees):
    turned = centre_of(perturb(spot(14, 22), "rotation", degrees)[0])  # 8 to the right of the centre
    angle = np.deg2rad(degrees)
    assert turned == pytest.approx((14 - 8 * np.sin(angle), 14 + 8 * np.cos(angle)), abs=0.1)


def test_a_shift_is_exact_and_has_four_directions():
    image = np.repeat(spot(14, 14), 40, axis=0)
    directions = {tuple(np.round(np.subtract(centre_of(shifted), 14), 6)) for shifted in perturb(image, "shift", 6)}
    assert directions == {(6, 0), (-6, 0), (0, 6), (0, -6)}
    assert all(shifted.sum() == 9 * 255 for shifted in perturb(image, "shift", 6))


def test_a_shift_adds_black_and_keeps_its_direction():
    white = np.full((8, 9, 9, 1), 255, np.uint8)
    for distance in (1, 4, 8):
        assert ((perturb(white, "shift", distance) == 0).sum(axis=(1, 2, 3)) == 9 * distance).all()
    assert ((perturb(white, "shift", 8) > 0) <= (perturb(white, "shift", 4) > 0)).all()


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.3])
def test_scale_changes_sizes_and_distances_from_the_centre(factor):
    assert centre_of(perturb(spot(14, 22), "scale", factor)[0]) == pytest.approx((14, 14 + 8 * factor), abs=0.35)
    block = np.zeros((1, 29, 29, 1), np.uint8)
    block[0, 9:20, 9:20] = 255
    size = perturb(block, "scale", factor).sum() / 255
    assert size == pytest.approx((11 * factor) ** 2, rel=0.2)


def test_thickness_moves_every_edge():
    bar = np.zeros((1, 20, 20, 1), np.uint8)
    bar[0, 4:16, 8:13] = 200
    for edge, width in ((-1, 3), (1, 7), (2, 9)):
        assert (perturb(bar, "thickness", edge)[0, 10, :, 0] == 200).sum() == width
    half = perturb(bar, "thickness", 0.5)[0, 10, :, 0]
    assert half[6:15].tolist() == [0, 100, 200, 200, 200, 200, 200, 100, 0]
    assert perturb(bar, "thickness", -0.33)[0, 10, 8, 0] == round(0.67 * 200)
    assert perturb(bar, "thickness", 1.5)[0, 10, 6, 0] == 100


def test_noise_has_its_standard_deviation_and_no_bias():
    grey = np.full((20, 28, 28, 1), 128, np.uint8)
    noise = perturb(grey, "noise", 20).astype(float) - 128
    assert noise.std() == pytest.approx(20, rel=0.03)
    assert abs(noise.mean()) < 0.5


def test_noise_grows_from_the_same_pattern():
    grey = np.full((2, 28, 28, 1), 128, np.uint8)
    weak, strong = (perturb(grey, "noise", strength).astype(float) - 128 for strength in (10, 20))
    assert np.allclose(2 * weak, strong, atol=1.51)


def test_blur_is_a_gaussian_that_keeps_the_amount_of_ink():
    image = np.zeros((1, 29, 29, 1), np.uint8)
    image[0, 14, 14] = 255
    rows, columns = np.indices((29, 29)) - 14
    bell = np.exp(-(rows**2 + columns**2) / (2 * 1.5**2))
    assert np.allclose(perturb(image, "blur", 1.5)[0, :, :, 0], 255 * bell / bell.sum(), atol=0.6)


def test_channels_do_not_mix(images):
    for kind, perturbation in PERTURBATIONS.items():
        if kind != "noise":
            whole, red = (perturb(pixels, kind, perturbation.strengths[-1]) for pixels in (images, images[..., :1]))
            assert np.array_equal(whole[..., :1], red), kind


@pytest.mark.parametrize("kind, strength", [("rotation", 61), ("scale", 0.4), ("blur", -1), ("noise", float("nan"))])
def test_a_strength_beyond_the_range_raises_an_error(images, kind, strength):
    with pytest.raises(ConfigError) as caught:
        perturb(images, kind, strength)
    assert (caught.value.values["kind"], caught.value.values["value"]) == (kind, pytest.approx(strength, nan_ok=True))


def test_an_unknown_perturbation_raises_an_error(images):
    with pytest.raises(ConfigError) as caught:
        perturb(images, "rain", 1)
    assert caught.value.values["value"] == "'rain'"


class ByBrightness:
    """Predicts 1 for bright images and 0 for dark ones, with "no digit" as the most probable class."""

    def probabilities(self, images):
        bright = images.mean(axis=(1, 2, 3)) > 60
        return np.stack([~bright * 0.3, bright * 0.3, np.full(len(images), 0.7)], axis=1).astype(np.float32)


def bars(n=60):
    image = np.zeros((n, 16, 16, 1), np.uint8)
    image[: n // 2, 2:14, 2:14] = 200
    return image, np.arange(n) < n // 2


def test_accuracy_at_every_strength_counts_only_digits():
    images, labels = bars()
    measured = measure_robustness(ByBrightness(), images, labels.astype(int), n_classes=2)
    assert measured.n == 60
    for kind, curve in measured.curves.items():
        assert curve.strengths == PERTURBATIONS[kind].strengths
        for strength, accuracy in zip(curve.strengths, curve.accuracies, strict=True):
            bright = perturb(images, kind, strength).mean(axis=(1, 2, 3)) > 60
            assert accuracy == pytest.approx((bright == labels).mean())
    assert measured.curves["rotation"].accuracies[3] == 1
    assert measured.curves["scale"].accuracies[0] == 0.5  # small bars are dark


def test_of_many_images_the_same_thousand_are_always_used():
    images, labels = bars(3_000)
    batches = []

    class Recording(ByBrightness):
        def probabilities(self, images):
            batches.append(images)
            return super().probabilities(images)

    first = measure_robustness(Recording(), images, labels.astype(int), 2)
    assert first.n == 1_000
    assert {len(batch) for batch in batches} == {100}
    assert sum(map(len, batches)) == 1_000 * (1 + 6 * 6)  # unperturbed once, and six kinds with six other strengths
    assert first == measure_robustness(ByBrightness(), images, labels.astype(int), 2)


def test_progress_rises_to_one_and_cancelling_works():
    images, labels = bars()
    shares = []
    measure_robustness(ByBrightness(), images, labels.astype(int), 2, shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    shares.clear()
    stopped = measure_robustness(
        ByBrightness(), images, labels.astype(int), 2, shares.append, cancelled=lambda: len(shares) >= 3
    )
    assert stopped is None
    assert len(shares) == 3


@pytest.fixture
def measured():
    images, labels = bars()
    return measure_robustness(ByBrightness(), images, labels.astype(int), 2)


def test_a_measurement_is_saved_with_the_run(tmp_path, measured):
    run = Run(tmp_path)
    assert load(run) is None
    assert save(run, measured)
    assert load(run) == measured
    assert [path.name for path in tmp_path.iterdir()] == ["robustness.json"]  # no temporary file is left


def test_a_shipped_run_is_never_changed(tmp_path, measured):
    assert not save(Run(tmp_path, shipped=True), measured)
    assert not list(tmp_path.iterdir())


def test_saving_to_a_deleted_folder_does_nothing(tmp_path, measured):
    assert not save(Run(tmp_path / "deleted"), measured)
    assert load(Run(tmp_path / "deleted")) is None


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000])
def test_a_broken_file_is_ignored(tmp_path, content):
    (tmp_path / "robustness.json").write_bytes(content)
    assert load(Run(tmp_path)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
CURVE = JSON | st.fixed_dictionaries({"strengths": JSON | st.lists(JSON), "accuracies": JSON | st.lists(JSON)})
FIELDS = st.fixed_dictionaries(
    {"n": JSON | st.integers(), "curves": st.fixed_dictionaries(dict.fromkeys(PERTURBATIONS, CURVE))}
)


@pytest.mark.slow
@given(JSON | FIELDS)
def test_any_json_is_read_or_ignored(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("run")
    (folder / "robustness.json").write_text(json.dumps(value))
    robustness = load(Run(folder))
    if robustness is not None:
        assert Robustness.from_dict(json.loads(json.dumps(robustness.to_dict()))) == robustness


@pytest.mark.parametrize(
    "change",
    [
        {"n": 0},
        {"n": True},
        {"n": 5.0},
        {"curves": {}},
        {"curves": dict.fromkeys(PERTURBATIONS, {"strengths": [1, 2], "accuracies": [0.5]})},
        {"curves": dict.fromkeys(PERTURBATIONS, {"strengths": [], "accuracies": []})},
        {"curves": dict.fromkeys(PERTURBATIONS, {"strengths": [0], "accuracies": [1.5]})},
        {"curves": dict.fromkeys(PERTURBATIONS, {"strengths": [0], "accuracies": [float("nan")]})},
        {"curves": dict.fromkeys(PERTURBATIONS, {"strengths": [float("inf")], "accuracies": [0.5]})},
        {"curves": dict.fromkeys([*PERTURBATIONS, "rain"], {"strengths": [0], "accuracies": [0.5]})},
    ],
)
def test_invalid_values_raise_an_error(measured, change):
    with pytest.raises(ConfigError):
        Robustness.from_dict(measured.to_dict() | change)


@pytest.mark.parametrize("name", [CLASSROOM_RUN, DEFAULT_RUN])
def test_shipped_runs_contain_their_robustness(name):
    run = RunStore().open(name)
    measured = load(run)
    assert measured.n == 1_000
    for kind, curve in measured.curves.items():
        assert curve.strengths == PERTURBATIONS[kind].strengths
        unperturbed = curve.accuracies[curve.strengths.index(PERTURBATIONS[kind].neutral)]
        assert unperturbed == pytest.approx(run.metrics.accuracy, abs=0.01)
        assert min(curve.accuracies) < unperturbed


@pytest.mark.slow
def test_mnist_gives_the_shipped_robustness(real_data):
    run, mnist = RunStore().open(CLASSROOM_RUN), catalog.load("mnist")
    measured = measure_robustness(Recognizer(run.network), mnist.x_test, mnist.y_test, 10)
    shipped = load(run)
    for kind, curve in measured.curves.items():
        # Other processors may round differently if two classes are almost equally probable.
        assert curve.accuracies == pytest.approx(shipped.curves[kind].accuracies, abs=0.004)
