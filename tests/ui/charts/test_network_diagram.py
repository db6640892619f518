"""The diagram of a network, parsed as XML; its looks are checked in the browser."""

import re
from xml.etree import ElementTree

import pytest

from model.config import Block, Design
from model.networks.layers import Dense, Flatten
from model.networks.presets import PRESETS
from model.networks.summary import LayerSummary, summary
from pages.ui.charts.network_diagram import diagram

SVG = "{http://www.w3.org/2000/svg}"
LARGE = Design(
    tuple(Block(256, padding="same", batch_normalization=True, pooling=number < 4) for number in range(6)),
    (512, 2048, 16, 1),
    0.3,
    "gelu",
)


def drawn(network, shape=(28, 28, 1), n_classes=10):
    return ElementTree.fromstring(diagram(summary(network, shape, n_classes), shape))


def stages(svg):
    return [group for group in svg.iter(f"{SVG}g") if group.get("class") == "stage"]


def words(element):
    return [text.text for text in element.iter(f"{SVG}text")]


def test_the_classroom_network_is_drawn_stage_by_stage():
    found = stages(drawn("dense-128-dropout"))
    assert [words(stage)[1] for stage in found] == [
        "28×28×1",
        "26×26×32",
        "13×13×32",
        "11×11×64",
        "5×5×64",
        "128",
        "10",
    ]
    assert ["3×3" in words(stage)[0] for stage in found] == [False, True, False, True, False, False, False]
    assert [len(words(stage)[2:]) for stage in found] == [0, 1, 0, 1, 1, 2, 1]
    assert "1,600" in words(found[4])[2]
    assert words(found[5])[2:] == ["ReLU", "Dropout 0.2"]
    assert all(stage.find(f"{SVG}title").text for stage in found)


def test_the_whole_network_is_described_in_words():
    svg = drawn("dense-64")
    assert svg.get("role") == "img"
    description, position = svg.get("aria-label"), 0
    for row in summary("dense-64", (28, 28, 1), 10):
        position = description.index(row.title, position)
        if not isinstance(row.layer, Flatten):
            position = description.index("×".join(map(str, row.shape)), position)


@pytest.mark.parametrize("network", [*PRESETS, Design(), Design(dropout=0.5), LARGE])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (60, 20, 3)])
def test_stages_stay_inside_the_diagram_and_apart(network, shape):
    svg = drawn(network, shape)
    _, _, width, height = map(float, svg.get("viewBox").split())
    areas = []
    for stage in stages(svg):
        boxes = [[float(rect.get(name)) for name in ("x", "y", "width", "height")] for rect in stage.iter(f"{SVG}rect")]
        texts = [float(text.get("y")) for text in stage.iter(f"{SVG}text")]
        left, right = min(x for x, *_ in boxes), max(x + wide for x, _, wide, _ in boxes)
        assert left >= 0 and right <= width
        name, size, *_ = texts
        assert all(name < y and y + high < size - 5 for _, y, _, high in boxes), "between its name and its size"
        assert max(texts) <= height
        areas.append((left, right, name, max(texts)))
    for number, (left, right, top, bottom) in enumerate(areas):
        for other in areas[number + 1 :]:
            assert right < other[0] or other[1] < left or bottom < other[2] or other[3] < top


def test_an_arrow_leads_to_every_stage_but_the_first():
    for network in ("dense-64", "deep", LARGE):
        svg = drawn(network)
        assert len(list(svg.iter(f"{SVG}path"))) == len(stages(svg)) - 1


def test_more_maps_add_sheets_and_smaller_maps_shrink_them():
    image, first, pooled, *_ = stages(drawn("dense-128"))
    sheets = [list(stage.iter(f"{SVG}rect")) for stage in (image, first, pooled)]
    assert len(sheets[0]) == 1 < len(sheets[1]) == len(sheets[2])
    widths = [float(each[0].get("width")) for each in sheets]
    assert widths[0] > widths[1] > widths[2]


def test_its_colours_are_those_of_the_page_and_an_accent():
    text = diagram(summary("deep", (28, 28, 1), 10), (28, 28, 1))
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', text)) == {"currentColor", "#3b6fe0", "none"}
    assert 'width="100%"' in text
    assert "\n" not in text, "a blank line would end the HTML in Markdown"


def test_titles_of_layers_are_escaped():
    class Strange(Dense):
        def title(self):
            return "<b>\"&'"

    row = LayerSummary(Strange(3), (3,), 1, 1)
    svg = ElementTree.fromstring(diagram([row, row], (8, 8, 1)))
    assert "<b>\"&'" in svg.get("aria-label")
