"""Networks of one's own: held against Keras layer by layer, and refused in words where they can't be."""

import json
import re
from math import prod

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.config import ACTIVATIONS, CUSTOM, Block, Design, TrainingConfig, settings_from, settings_text
from model.errors import ConfigError
from model.networks.presets import CLASSROOM, layers_of
from model.networks.summary import check_memory, summary
from tests.model.test_config import ANYTHING

BLOCKS = st.builds(
    Block,
    filters=st.integers(1, 12),
    kernel=st.integers(1, 7),
    padding=st.sampled_from(["valid", "same"]),
    batch_normalization=st.booleans(),
    pooling=st.booleans(),
)
DESIGNS = st.builds(
    Design,
    blocks=st.lists(BLOCKS, max_size=6).map(tuple),
    dense=st.lists(st.integers(1, 40), max_size=4).map(tuple),
    dropout=st.sampled_from([0.0, 0.2, 0.9]),
    activation=st.sampled_from(ACTIVATIONS),
)


def _as_keras_has_it(design, shape):
    """Return shape and count of each layer as Keras computes them, or None where it can't or nothing is left."""
    import keras

    rows = []
    entering = (None, *shape)
    for layer in _written_anew(design):
        try:
            layer.build(entering)
            entering = layer.compute_output_shape(entering)
        except ValueError:
            return None
        if min(entering[1:]) < 1:
            return None
        rows.append((entering[1:], layer.count_params()))
    keras.backend.clear_session(free_memory=False)  # collecting garbage would take most of the time
    return rows


def _written_anew(design):
    """Return the Keras layers of a design, written down without `networks` or `architectures`."""
    from keras import layers

    for block in design.blocks:
        if block.batch_normalization:
            yield layers.Conv2D(block.filters, block.kernel, padding=block.padding, use_bias=False)
            yield layers.BatchNormalization()
            yield layers.Activation(design.activation)
        else:
            yield layers.Conv2D(block.filters, block.kernel, padding=block.padding, activation=design.activation)
        if block.pooling:
            yield layers.MaxPooling2D()
    yield layers.Flatten()
    for units in design.dense:
        yield layers.Dense(units, activation=design.activation)
    if design.dropout:
        yield layers.Dropout(design.dropout)
    yield layers.Dense(10, activation="softmax")


@pytest.mark.slow
@settings(max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(DESIGNS, st.sampled_from([(28, 28, 1), (32, 32, 3)]))
def test_keras_agrees_on_every_design_and_refuses_the_same(design, shape):
    expected = _as_keras_has_it(design, shape)
    if expected is None:
        with pytest.raises(ConfigError, match="shrink to nothing in .* of your network, which .* enters; expected"):
            summary(design, shape, 10)
    else:
        rows = summary(design, shape, 10)
        assert [(row.shape, row.parameters) for row in rows] == expected


@settings(max_examples=8, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(DESIGNS)
def test_the_model_that_is_built_has_exactly_these_layers(design):
    import keras

    from model.networks import keras_models

    keras.backend.clear_session()
    try:
        rows = summary(design, (32, 32, 3), 10)
    except ConfigError:
        with pytest.raises(ConfigError):
            keras_models.build(design, (32, 32, 3), 10)
        return
    model = keras_models.build(design, (32, 32, 3), 10)
    assert model.name == CUSTOM
    built = [(layer.output.shape[1:], layer.count_params()) for layer in model.layers[1:]]
    assert built == [(row.shape, row.parameters) for row in rows]
    assert [type(layer).__name__ for layer in model.layers[1:]] == [
        type(layer).__name__ for layer in _written_anew(design)
    ]


def test_the_start_of_the_builder_is_the_classroom_network():
    assert layers_of(CLASSROOM, 10) == layers_of("dense-128-dropout", 10)


def test_multiplications_are_those_counted_by_hand():
    rows = summary("dense-128", (28, 28, 1), 10)
    convolutions = [26 * 26 * 32 * 9, 0, 11 * 11 * 64 * 9 * 32, 0]
    assert [row.multiplications for row in rows] == [*convolutions, 0, 1600 * 128, 128 * 10]
    normalized = summary(Design((Block(4, 3, "same", True, False),)), (8, 8, 3), 10)
    assert [row.multiplications for row in normalized] == [8 * 8 * 4 * 27, 8 * 8 * 4, 0, 0, 256 * 10]


@pytest.mark.parametrize(
    "activation, title", list(zip(ACTIVATIONS, ["ReLU", "ELU", "GELU", "Tanh", "Sigmoid"], strict=True))
)
def test_titles_name_the_activation(activation, title):
    design = Design((Block(8), Block(8, batch_normalization=True)), (16,), activation=activation)
    titles = [layer.title() for layer in layers_of(design, 10)]
    assert titles == [
        f"Conv2D 8 3x3 {title}",
        "MaxPooling 2x2",
        "Conv2D 8 3x3",
        "BatchNormalization",
        title,
        "MaxPooling 2x2",
        "Flatten",
        f"Dense 16 {title}",
        "Dense 10 softmax",
    ]


def test_a_network_that_shrinks_to_nothing_is_explained():
    with pytest.raises(ConfigError) as caught:
        summary(Design((Block(), Block(), Block(), Block())), (28, 28, 1), 10)
    assert str(caught.value) == (
        "Images of 28x28 shrink to nothing in Conv2D 32 3x3 ReLU, layer 7 of your network, which 1x1 enters; expected "
        "at least 3x3, so choose padding same, a smaller kernel or less pooling."
    )


def test_too_many_parameters_are_explained():
    huge = Design((Block(256, padding="same", pooling=False),), (2048,))
    with pytest.raises(
        ConfigError, match="411,066,890 parameters came, 411,043,840 of them in Dense 2048 ReLU; .*5,000"
    ):
        summary(huge, (28, 28, 1), 10)
    with pytest.raises(ConfigError, match="more pooling, fewer filters or fewer neurons"):
        summary(huge, (28, 28, 1), 10)
    with pytest.raises(ConfigError, match="smaller image or the preset deep"):
        summary("dense-128", (200, 200, 3), 10)


def test_the_largest_network_has_five_million_parameters():
    just = Design((), (2048, 1600))  # 784 x 2048 + 2048 + 2048 x 1600 + 1600 + 1600 x 10 + 10
    assert sum(row.parameters for row in summary(just, (28, 28, 1), 10)) == 4_902_090
    with pytest.raises(ConfigError):
        summary(Design((), (2048, 1700)), (28, 28, 1), 10)


def test_a_step_with_too_many_values_is_refused():
    wide = Design((Block(256, padding="same", pooling=False), Block(256, padding="same", pooling=True)))
    values = 2 * 28 * 28 * 256 + 2 * 14 * 14 * 256 + 10
    check_memory(wide, (28, 28, 1), 10, 250_000_000 // values)
    with pytest.raises(ConfigError) as caught:
        check_memory(wide, (28, 28, 1), 10, 250_000_000 // values + 1)
    message = str(caught.value)
    assert f"{values * (250_000_000 // values + 1):,} values came" in message
    assert "at most 250,000,000" in message
    assert "a smaller batch, more pooling or fewer filters" in message


@given(DESIGNS)
def test_a_design_survives_json_and_an_address(design):
    config = TrainingConfig(preset=CUSTOM, design=design)
    values = config.to_dict()
    assert json.loads(json.dumps(values)) == values, "plain values: no tuples"
    assert TrainingConfig.from_dict(json.loads(json.dumps(values))) == config
    text = settings_text(config)
    assert settings_from(text) == config
    assert len(text) < 2_000
    assert config.network == design


def test_settings_without_a_design_are_those_of_their_preset():
    assert TrainingConfig.from_dict({"preset": "deep"}) == TrainingConfig.from_dict({"preset": "deep", "design": None})
    assert settings_from("eyJwcmVzZXQiOiJkZWVwIn0") == TrainingConfig(preset="deep")
    assert TrainingConfig(preset="deep").network == "deep"


FIELDS = ["blocks", "dense", "dropout", "activation", "strange"]
GARBAGE = st.dictionaries(st.sampled_from(FIELDS), ANYTHING | st.lists(st.dictionaries(st.text(max_size=9), ANYTHING)))


@pytest.mark.slow
@given(GARBAGE | ANYTHING)
def test_any_json_is_a_design_or_one_sentence(values):
    try:
        design = TrainingConfig.from_dict({"preset": CUSTOM, "design": values}).design
        assert isinstance(design, Design)
    except ConfigError as error:
        assert re.search(r"; (expected|known are) ", str(error))
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"blocks": [{"filters": 0}]}, "filters came as 0; expected a whole number from 1 to 256"),
        ({"blocks": [{"filters": 257}]}, "filters came as 257"),
        ({"blocks": [{"kernel": 8}]}, "kernel came as 8; expected a whole number from 1 to 7"),
        ({"blocks": [{"padding": "full"}]}, "padding came as 'full'; expected one of valid, same"),
        ({"blocks": [{"batch_normalization": 1}]}, "batch_normalization came as 1; expected true or false"),
        ({"blocks": [{"pooling": None}]}, "pooling came as None"),
        ({"blocks": [{"stride": 2}]}, "unknown field 'stride'; known are filters"),
        ({"blocks": [{}] * 7}, "blocks came as 7 entries; expected at most 6"),
        ({"blocks": {}}, "blocks came as {}; expected a list"),
        ({"dense": [0]}, "dense came as 0; expected a whole number from 1 to 2048"),
        ({"dense": [2049]}, "dense came as 2049"),
        ({"dense": [True]}, "dense came as True"),
        ({"dense": [1] * 5}, "dense came as 5 entries; expected at most 4"),
        ({"dense": "64"}, "dense came as '64'; expected a list"),
        ({"dropout": 0.91}, "dropout came as 0.91; expected a number from 0 to 0.9"),
        ({"activation": "softmax"}, "activation came as 'softmax'; expected one of relu, elu, gelu, tanh, sigmoid"),
        ({"layers": []}, "unknown field 'layers'"),
    ],
)
def test_an_error_in_a_design_names_value_and_expectation(wrong, words):
    with pytest.raises(ConfigError) as caught:
        Design.from_dict(wrong)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"preset": CUSTOM}, "preset came as 'own' without a design; expected"),
        ({"preset": "deep", "design": Design()}, "design came with the preset 'deep'; expected 'own'"),
        ({"preset": CUSTOM, "design": {}}, "design came as {}; expected a Design record"),
    ],
)
def test_a_design_needs_the_preset_own_and_the_reverse(settings, words):
    with pytest.raises(ConfigError) as caught:
        TrainingConfig(**settings)
    assert words in str(caught.value)


EXPORTED = {
    "no convolution": (Design(activation="tanh", dense=(12,)), {"features"}),
    "one convolution": (
        Design((Block(5, 3, "same", True, False),), dropout=0.5, activation="elu"),
        {"convolution_1", "features"},
    ),
    "three of all kinds": (
        Design((Block(4), Block(6, 5, "same", True), Block(3, 2, pooling=False)), (9, 8), 0.3, "gelu"),
        {"convolution_1", "pooling_1", "convolution_2", "features"},
    ),
    "nothing at all": (Design(), {"features"}),
    "sigmoid": (Design((Block(4, batch_normalization=True),), (9,), activation="sigmoid"), {"features"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_design_predicts_as_keras_does(name, tmp_path, rng):
    from model.inference.litert import Recognizer
    from model.networks import keras_models
    from model.training.export import export_litert

    design, layers = EXPORTED[name]
    model = keras_models.build(design, (28, 28, 1), 10)
    path = tmp_path / "model.tflite"
    export_litert(model, path)
    images = rng.integers(0, 256, (3, 28, 28, 1)).astype("float32")
    recognizer = Recognizer(path)
    expected = model.predict(images, verbose=0)
    assert abs(recognizer.probabilities(images) - expected).max() < 1e-4
    outputs = recognizer.layer_outputs(images[:1])
    assert outputs.keys() >= layers | {"probabilities"}
    entering_the_output = summary(design, (28, 28, 1), 10)[-2].shape
    assert outputs["features"].shape == entering_the_output
    if len(design.blocks) > 0:
        side = 28 if design.blocks[0].padding == "same" else 26
        assert outputs["convolution_1"].shape == (side, side, design.blocks[0].filters)
    assert prod(entering_the_output) == outputs["features"].size


@pytest.mark.slow
def test_a_design_is_trained_and_saved_like_any_network(uci_digits, tmp_path):
    from model.training.loop import train

    design = Design((Block(8),), (16,), 0.1, "tanh")
    config = TrainingConfig(dataset="uci-digits", preset=CUSTOM, design=design, epochs=1, batch_size=256)
    trained = train(config, uci_digits)
    assert trained.epoch in (0, 1)
    assert trained.model.name == CUSTOM
    assert len(trained.model.layers) == 1 + len(layers_of(design, 10))
