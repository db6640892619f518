"""A Fabric.js drawing, as the canvas sends it, turned into strokes. Knows Fabric's JSON; knows no Streamlit."""

from math import cos, radians, sin
from typing import Any

from model.errors import InkError

Stroke = list[list[float]]

SIDE, PEN = 280, 18  # of the usual canvas, in its pixels

# Canvas pixels. Rounding, and the bulge of curves, put the middle of an untouched path a little off ours; a path that
# was moved by less is read the same anyway.
_NOT_MOVED = 9


def strokes_from_fabric(drawing: dict[str, Any] | None) -> list[Stroke]:
    """Return the strokes of a Fabric.js drawing; None, before the first paint, has none.

    Raises InkError for objects that are no paths, and for path commands other than M, L and Q.
    """
    objects = (drawing or {}).get("objects", [])
    return [_stroke(item) for item in objects]


def _stroke(path: dict[str, Any]) -> Stroke:
    try:
        points = [_end_or_control(command) for command in path["path"]]
        # Fabric begins a path a fiftieth of a pixel beside its first point, which it repeats in the first curve.
        points = points[1:] if len(points) > 1 and path["path"][1][0] == "Q" else points
        return _placed(points, path)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InkError(
            f"The canvas sent something that is no freehand stroke ({error}); expected paths of lines and curves, "
            "so clear it and draw again."
        ) from error


def _end_or_control(command: list) -> list[float]:
    """A freehand curve's control point is where the pen was; its end lies between two such places."""
    name, *numbers = command
    if name not in ("M", "L", "Q"):
        raise ValueError(f"path command {name!r}")
    return [float(numbers[0]), float(numbers[1])]


def _placed(points: Stroke, path: dict[str, Any]) -> Stroke:
    """Bring points to where the canvas's edit tool has moved, scaled or turned the path."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    scale_x = path.get("scaleX", 1) * (-1 if path.get("flipX") else 1)
    scale_y = path.get("scaleY", 1) * (-1 if path.get("flipY") else 1)
    turn = radians(path.get("angle", 0))
    left, top = path["left"], path["top"]
    untouched = (scale_x, scale_y, turn) == (1, 1, 0)
    if untouched and abs(left - middle_x) < _NOT_MOVED and abs(top - middle_y) < _NOT_MOVED:
        return points
    return [
        [
            left + cos(turn) * scale_x * (x - middle_x) - sin(turn) * scale_y * (y - middle_y),
            top + sin(turn) * scale_x * (x - middle_x) + cos(turn) * scale_y * (y - middle_y),
        ]
        for x, y in points
    ]
