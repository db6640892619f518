"""Turn a Fabric.js drawing, as the canvas sends it, into strokes. Knows Fabric's JSON; no Streamlit."""

from collections.abc import Sequence
from math import cos, isfinite, radians, sin
from typing import Any

from model.errors import InkError
from model.ink.render import MAX_POINTS, MAX_STROKES

Stroke = list[list[float]]

SIDE, PEN = 280, 18  # canvas pixels, for a single digit

# Canvas pixels. Because of rounding and the bulge of curves, the middle of an untouched path isn't exactly the one
# computed here; a path that was moved by less than this is read the same anyway.
_NOT_MOVED = 9


def strokes_from_fabric(drawing: Any) -> list[Stroke]:
    """Return the strokes of a Fabric.js drawing; none for None, which the canvas sends before its first paint.

    Raises InkError for anything else: a browser can send any JSON. Whether the points are a drawing is checked by
    `parse_strokes`.
    """
    try:
        objects = _list((drawing or {}).get("objects", []), MAX_STROKES)
        paths = [_list(item["path"], MAX_POINTS) for item in objects]
        if sum(map(len, paths)) > MAX_POINTS:
            raise ValueError(MAX_POINTS)
        return [_stroke(path, item) for path, item in zip(paths, objects, strict=True)]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise InkError(
            "The canvas sent a shape that isn't a freehand stroke. Clear the canvas and draw again."
        ) from error


def fabric_from_strokes(strokes: Sequence[Stroke], pen: float, colour: str) -> dict[str, Any]:
    """Return strokes as a Fabric.js drawing that a canvas can begin with."""
    return {"version": "6.0.0", "objects": [_path(stroke, pen, colour) for stroke in strokes if stroke]}


def _path(stroke: Stroke, pen: float, colour: str) -> dict[str, Any]:
    xs, ys = [x for x, _ in stroke], [y for _, y in stroke]
    points = stroke if len(stroke) > 1 else [stroke[0], stroke[0]]
    return {
        "type": "path",
        "originX": "center",
        "originY": "center",
        "left": (min(xs) + max(xs)) / 2,
        "top": (min(ys) + max(ys)) / 2,
        "fill": None,
        "stroke": colour,
        "strokeWidth": pen,
        "strokeLineCap": "round",
        "strokeLineJoin": "round",
        "path": [["L" if number else "M", x, y] for number, (x, y) in enumerate(points)],
    }


def _list(value: Any, most: int) -> list:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(most)
    return value


def _stroke(path: list, item: dict[str, Any]) -> Stroke:
    points = [_end_or_control(command) for command in path]
    # Fabric starts a path a fiftieth of a pixel from its first point, which it repeats in the first curve.
    points = points[1:] if len(points) > 1 and path[1][0] == "Q" else points
    return _placed(points, item)


def _end_or_control(command: list) -> list[float]:
    """Return where the pen was: a freehand curve's control point; its end is between two of those."""
    name, *numbers = command
    if name not in ("M", "L", "Q"):
        raise ValueError(name)
    return [_number(numbers[0]), _number(numbers[1])]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(value)
    return float(value)


def _placed(points: Stroke, path: dict[str, Any]) -> Stroke:
    """Return the points after the canvas's edit tool has moved, scaled or rotated the path."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    scale_x = _number(path.get("scaleX", 1)) * (-1 if path.get("flipX") else 1)
    scale_y = _number(path.get("scaleY", 1)) * (-1 if path.get("flipY") else 1)
    rotation = radians(_number(path.get("angle", 0)))
    left, top = _number(path["left"]), _number(path["top"])
    untouched = (scale_x, scale_y, rotation) == (1, 1, 0)
    if untouched and abs(left - middle_x) < _NOT_MOVED and abs(top - middle_y) < _NOT_MOVED:
        return points
    return [
        [
            left + cos(rotation) * scale_x * (x - middle_x) - sin(rotation) * scale_y * (y - middle_y),
            top + sin(rotation) * scale_x * (x - middle_x) + cos(rotation) * scale_y * (y - middle_y),
        ]
        for x, y in points
    ]
