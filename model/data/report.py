"""What `python -m model data` prints: the list of datasets, and one look at a single one. Returns lines and values."""

from typing import Any

from model import terminal
from model.data import catalog
from model.data.dataset import Origin
from model.data.formats import size
from model.data.inspection import inspect
from model.errors import DataError
from model.results import Inspection

_QUICKLY_READ = 50_000_000  # bytes
_MAX_SKIPPED = 20  # files listed by name


def answer(name: str | None) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """Return what `python -m model data [NAME]` prints: values for JSON, lines of text, and problems for stderr.

    Raises DataError if the dataset called `name` isn't on this computer or can't be used.
    """
    folder = catalog.missing_folder()
    missing = f"There is no folder {folder}. Set DIGIT_LAB_DATA to the folder of your datasets."
    if name is None:
        values, text = _list()
    else:
        look, text = look_at(name)
        values = [look]
    return values, text, [missing] if folder else []


def _list() -> tuple[list[dict[str, Any]], list[str]]:
    """Return all datasets and all files that can't be used; small datasets of your own are read to find out."""
    rows = [vars(status) | {"where": str(status.where), "reason": _why_not(status)} for status in catalog.available()]
    others = [{"name": None, "file": each.file, "reason": str(each.reason)} for each in catalog.unusable()]
    cells = []
    for row in rows:
        state = "damaged" if row["damaged"] else "available" if row["here"] else "not available"
        cells.append((row["name"], "can't be used" if row["reason"] else state, row["reason"] or row["where"]))
    text = terminal.table(cells)
    if others:
        text += ["", f"{len(others):,} files in the folder named by DIGIT_LAB_DATA can't be used:"]
        text += terminal.table([(str(row["file"]), str(row["reason"])) for row in others])
    return rows + others, text


def _why_not(status: catalog.DatasetStatus) -> str | None:
    """Return why one of your own datasets can't be used; None if it can, or if reading it would take long."""
    if status.damaged or status.name in catalog.BUILTINS:
        return None
    try:
        if sum(size for _path, size, _modified in catalog.version(status.name)) <= _QUICKLY_READ:
            catalog.load(status.name)
    except DataError as error:
        return str(error)
    return None


def look_at(name: str) -> tuple[dict[str, Any], list[str]]:
    """Return one look at a dataset, as plain values for JSON and as text.

    Raises DataError if it isn't on this computer or can't be used.
    """
    status = catalog.status(name)
    if not status.here and not status.damaged:
        raise DataError(
            "{dataset} isn't on this computer ({where}). Train on it once to download it.",
            dataset=status.title,
            where=status.where,
        )
    dataset = catalog.load(name)
    found, origin = inspect(dataset), dataset.origin
    skipped = [{"file": each.file, "reason": str(each.reason)} for each in origin.skipped]
    values: dict[str, Any] = {
        "name": dataset.name,
        "source": dataset.source,
        "layout": str(origin.layout),
        "dtype": origin.dtype,
    }
    values |= found.to_dict() | {"empty_classes": list(found.empty_classes), "skipped": skipped}
    values |= {"warnings": [str(each) for each in found.warnings], "notes": _notes(found, origin)}
    n_train, n_test = sum(found.train_counts), sum(found.test_counts)
    validation = f", {found.n_validation:,} validation" if found.n_validation else ""
    ink = "dark ink on a light ground" if found.is_dark_on_light else "light on dark, or no clear ground"
    text = [
        f"{dataset.name}: {origin.layout}, {dataset.source}",
        f"images   {n_train:,} training, {n_test:,} test{validation}",
        f"shape    {size(found.image_shape[:2])}, {'grey' if found.image_shape[2] == 1 else 'colour'}",
        f"range    {found.lowest:g} to {found.highest:g} ({origin.dtype})",
        f"ground   {ink}",
    ]
    rows_of_classes = zip(found.class_names, found.train_counts, found.test_counts, strict=True)
    counts = [(label, f"{train:,}", f"{test:,}") for label, train, test in rows_of_classes]
    text += terminal.table([("class", "training", "test"), *counts], numbers=[1, 2])
    text += [f"Warning: {each}" for each in values["warnings"]] + [f"Note: {each}" for each in values["notes"]]
    text += [f"Not used: {each['file']}: {each['reason']}" for each in skipped[:_MAX_SKIPPED]]
    if len(skipped) > _MAX_SKIPPED:
        text.append(f"… and {len(skipped) - _MAX_SKIPPED:,} more files that aren't used.")
    return values, text


def _notes(found: Inspection, origin: Origin) -> list[str]:
    return [str(each) for each in (*found.notes, *origin.notes)]
