"""Custom networks: compared with Keras layer by layer, and rejected with a message if they are impossible."""

import json
from math import prod

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.config import ACTIVATIONS, CUSTOM, Block, Design, TrainingConfig, settings_from, settings_text
from model.errors import ConfigError
from model.networks.presets import CLASSROOM, layers_of
from model.networks.summary import check_memory, summary
from tests.model.test_config import ANYTHING
from tests.support import check_message

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


def _rows_of_keras(design, shape):
    """Return each layer's shape and parameters as Keras computes them, or None if the image becomes too small."""
    import keras

    rows = []
    layer_input = (None, *shape)
    for layer in _layers_by_hand(design):
        try:
            layer.build(layer_input)
            layer_input = layer.compute_output_shape(layer_input)
        except ValueError:
            return None
        if min(layer_input[1:]) < 1:
            return None
        rows.append((layer_input[1:], layer.count_params()))
    keras.backend.clear_session(free_memory=False)  # garbage collection would take most of the time
    return rows


def _layers_by_hand(design):
    """Yield the Keras layers of a design, without using `model.networks`."""
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
def test_keras_agrees_on_every_design_and_rejects_the_same(design, shape):
    expected = _rows_of_keras(design, shape)
    if expected is None:
        with pytest.raises(ConfigError) as caught:
            summary(design, shape, 10)
        check_message(caught.value)
        assert caught.value.values.keys() == {"number", "layer", "least", "size"}
    else:
        rows = summary(design, shape, 10)
        assert [(row.shape, row.parameters) for row in rows] == expected


@settings(max_examples=8, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(DESIGNS)
def test_the_keras_model_has_exactly_these_layers(design):
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
        type(layer).__name__ for layer in _layers_by_hand(design)
    ]


def test_the_network_builder_starts_with_the_classroom_one():
    assert layers_of(CLASSROOM, 10) == layers_of("dense-128-dropout", 10)


def test_multiplications_agree_with_counting_them():
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


def test_a_layer_with_too_small_an_input_is_named():
    with pytest.raises(ConfigError) as caught:
        summary(Design((Block(), Block(), Block(), Block())), (28, 28, 1), 10)
    check_message(caught.value, number=7, layer="Conv2D 32 3x3 ReLU", least="3×3", size="1×1")


def test_too_many_parameters_are_explained():
    huge = Design((Block(256, padding="same", pooling=False),), (2048,))
    with pytest.raises(ConfigError) as of_design:
        summary(huge, (28, 28, 1), 10)
    check_message(of_design.value, high=5_000_000, total=411_066_890, n=411_043_840, layer="Dense 2048 ReLU")
    with pytest.raises(ConfigError) as of_preset:
        summary("dense-128", (200, 200, 3), 10)
    check_message(of_preset.value, high=5_000_000, layer="Dense 128 ReLU")
    assert of_design.value.message.text != of_preset.value.message.text, "only a design can be changed"


def test_the_largest_network_has_five_million_parameters():
    just = Design((), (2048, 1600))  # 784 x 2048 + 2048 + 2048 x 1600 + 1600 + 1600 x 10 + 10
    assert sum(row.parameters for row in summary(just, (28, 28, 1), 10)) == 4_902_090
    with pytest.raises(ConfigError):
        summary(Design((), (2048, 1700)), (28, 28, 1), 10)


def test_a_step_with_too_many_values_is_rejected():
    wide = Design((Block(256, padding="same", pooling=False), Block(256, padding="same", pooling=True)))
    values = 2 * 28 * 28 * 256 + 2 * 14 * 14 * 256 + 10
    check_memory(wide, (28, 28, 1), 10, 250_000_000 // values)
    with pytest.raises(ConfigError) as caught:
        check_memory(wide, (28, 28, 1), 10, 250_000_000 // values + 1)
    batch_size = 250_000_000 // values + 1
    check_message(caught.value, high=250_000_000, n_values=values * batch_size, batch_size=batch_size)


@given(DESIGNS)
def test_a_design_survives_json_and_a_link(design):
    config = TrainingConfig(preset=CUSTOM, design=design)
    values = config.to_dict()
    assert json.loads(json.dumps(values)) == values, "plain values: no tuples"
    assert TrainingConfig.from_dict(json.loads(json.dumps(values))) == config
    text = settings_text(config)
    assert settings_from(text) == config
    assert len(text) < 2_000
    assert config.network == design


def test_settings_without_a_design_use_their_preset():
    assert TrainingConfig.from_dict({"preset": "deep"}) == TrainingConfig.from_dict({"preset": "deep", "design": None})
    assert settings_from("eyJwcmVzZXQiOiJkZWVwIn0") == TrainingConfig(preset="deep")
    assert TrainingConfig(preset="deep").network == "deep"


FIELDS = ["blocks", "dense", "dropout", "activation", "strange"]
GARBAGE = st.dictionaries(st.sampled_from(FIELDS), ANYTHING | st.lists(st.dictionaries(st.text(max_size=9), ANYTHING)))


@pytest.mark.slow
@given(GARBAGE | ANYTHING)
def test_any_json_is_a_design_or_raises_a_message(values):
    try:
        design = TrainingConfig.from_dict({"preset": CUSTOM, "design": values}).design
        assert isinstance(design, Design)
    except ConfigError as error:
        check_message(error)
        assert error.values


@pytest.mark.parametrize(
    "wrong, values",
    [
        ({"blocks": [{"filters": 0}]}, {"name": "filters", "value": "0", "low": 1, "high": 256}),
        ({"blocks": [{"filters": 257}]}, {"name": "filters", "value": "257", "low": 1, "high": 256}),
        ({"blocks": [{"kernel": 8}]}, {"name": "kernel", "value": "8", "low": 1, "high": 7}),
        ({"blocks": [{"padding": "full"}]}, {"name": "padding", "value": "'full'", "choices": "valid, same"}),
        ({"blocks": [{"batch_normalization": 1}]}, {"name": "batch_normalization", "value": "1"}),
        ({"blocks": [{"pooling": None}]}, {"name": "pooling", "value": "None"}),
        ({"blocks": [{"stride": 2}]}, {"name": "block", "field": "'stride'"}),
        ({"blocks": [7]}, {"name": "block", "value": "7"}),
        ({"blocks": [{}] * 7}, {"name": "blocks", "length": 7, "high": 6}),
        ({"blocks": {}}, {"name": "blocks", "value": "{}"}),
        ({"dense": [0]}, {"name": "dense", "value": "0", "low": 1, "high": 2048}),
        ({"dense": [2049]}, {"name": "dense", "value": "2049", "low": 1, "high": 2048}),
        ({"dense": [True]}, {"name": "dense", "value": "True"}),
        ({"dense": [1] * 5}, {"name": "dense", "length": 5, "high": 4}),
        ({"dense": "64"}, {"name": "dense", "value": "'64'"}),
        ({"dropout": 0.91}, {"name": "dropout", "value": "0.91", "low": 0, "high": 0.9}),
        ({"activation": "softmax"}, {"name": "activation", "choices": "relu, elu, gelu, tanh, sigmoid"}),
        ({"layers": []}, {"name": "design", "field": "'layers'"}),
    ],
)
def test_an_error_in_a_design_mentions_field_and_value(wrong, values):
    with pytest.raises(ConfigError) as caught:
        Design.from_dict(wrong)
    check_message(caught.value, **values)


@pytest.mark.parametrize(
    "settings, values",
    [
        ({"preset": CUSTOM}, {"preset": CUSTOM}),
        ({"preset": "deep", "design": Design()}, {"custom": CUSTOM, "preset": "deep"}),
        ({"preset": CUSTOM, "design": {}}, {"name": "design", "record": "Design", "value": "{}"}),
    ],
)
def test_a_design_needs_the_custom_preset_and_vice_versa(settings, values):
    with pytest.raises(ConfigError) as caught:
        TrainingConfig(**settings)
    check_message(caught.value, **values)


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
    "no hidden layer": (Design(), {"features"}),
    "sigmoid": (Design((Block(4, batch_normalization=True),), (9,), activation="sigmoid"), {"features"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_design_predicts_like_keras(name, tmp_path, rng):
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
    output_input = summary(design, (28, 28, 1), 10)[-2].shape
    assert outputs["features"].shape == output_input
    if len(design.blocks) > 0:
        side = 28 if design.blocks[0].padding == "same" else 26
        assert outputs["convolution_1"].shape == (side, side, design.blocks[0].filters)
    assert prod(output_input) == outputs["features"].size


@pytest.mark.slow
def test_a_design_is_trained_and_saved_like_any_network(uci_digits, tmp_path):
    from model.training.loop import train

    design = Design((Block(8),), (16,), 0.1, "tanh")
    config = TrainingConfig(dataset="uci-digits", preset=CUSTOM, design=design, epochs=1, batch_size=256)
    trained = train(config, uci_digits)
    assert trained.epoch in (0, 1)
    assert trained.model.name == CUSTOM
    assert len(trained.model.layers) == 1 + len(layers_of(design, 10))
