"""Folders of images, zips, CSV and idx files as people have them; whatever can't be used is named with a reason."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from model.data import catalog, report, uploads
from model.data.inspection import inspect
from model.data.tree import Limits
from model.data.uploads import Uploads
from model.errors import DataError
from tests.model.data.samples import assert_sound, layout, npz_bytes
from tests.support import check_message

pytestmark = pytest.mark.usefixtures("isolated")
SIZE = (12, 10)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "DIGIT_LAB_DATA"


def picture(grey, kind="PNG", size=SIZE, mode="L"):
    """An image of one grey on black with a rim, in any format."""
    pixels = np.zeros((size[1], size[0]), np.uint8)
    pixels[2:-2, 2:-2] = grey
    file = io.BytesIO()
    image = Image.fromarray(pixels).convert(mode, dither=Image.Dither.NONE)
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(file, quality=90)
    else:
        image.save(file, kind)
    return file.getvalue()


def class_files(classes=("a", "b"), n=5, ending=".png", kind="PNG", top="", **image):
    greys = {name: 130 + 20 * number for number, name in enumerate(classes)}
    return {f"{top}{name}/{i}{ending}": picture(greys[name] + i, kind, **image) for name in classes for i in range(n)}


def write(folder, files):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def test_each_sub_folder_is_a_class(folder):
    write(folder / "Blätter 2", class_files(("10", "Öl", "9"), n=10))
    dataset = catalog.load("Blätter 2")
    assert_sound(dataset)
    assert dataset.class_names == ("9", "10", "Öl")
    assert dataset.image_shape == (10, 12, 1)
    assert (len(dataset.x_train), len(dataset.x_test), dataset.origin.is_split) == (24, 6, True)
    assert np.bincount(dataset.y_test).tolist() == [2, 2, 2]
    middle = (dataset.x_train[:, 5, 5, 0] - 130) // 20  # 0, 1, 2 in the order in which the classes were written
    assert [("10", "Öl", "9")[m] for m in middle] == [dataset.class_names[label] for label in dataset.y_train]


@pytest.mark.parametrize("wrapper", ["", "leaves/", "download/leaves/"])
@pytest.mark.parametrize("names", [("train", "test"), ("Training", "TEST"), ("train", "val")])
def test_train_and_test_folders_stay_apart(folder, wrapper, names):
    train, test = names
    files = class_files(top=f"{wrapper}{train}/") | class_files(n=2, top=f"{wrapper}{test}/")
    (folder / "leaves.ZIP").write_bytes(zipped(files | {"__MACOSX/a/._0.png": b"junk", "README.txt": b"hello"}))
    dataset = catalog.load("leaves")
    assert (len(dataset.x_train), len(dataset.x_test), dataset.origin.is_split) == (10, 4, False)
    assert dataset.class_names == ("a", "b")
    assert [each.file for each in dataset.origin.skipped] == ["README.txt"]


@pytest.mark.parametrize(
    ("kind", "ending", "mode"),
    [*(("JPEG", ".JPG", "L"), ("JPEG", ".jfif", "RGB"), ("PNG", ".PNG", "RGBA"), ("BMP", ".bmp", "RGB"))]
    + [*(("GIF", ".gif", "P"), ("TIFF", ".tif", "L"), ("WEBP", ".webp", "RGB"), ("PNG", ".png", "1"))]
    + [("HEIF", ".HEIC", "RGB")],
)
def test_images_of_all_usual_types_are_grey_if_they_look_grey(folder, kind, ending, mode):
    write(folder / "own", class_files(ending=ending, kind=kind, mode=mode))
    dataset = catalog.load("own")
    assert dataset.image_shape == (10, 12, 1)
    assert dataset.x_train[:, 5, 5].min() > 80
    assert dataset.x_train[:, 0, 0].max() < 30


def test_colour_and_different_sizes_are_fitted(folder):
    files = class_files()
    rgb = np.zeros((50, 90, 3), np.uint8)
    rgb[10:40, 10:80, 0] = 200
    Image.fromarray(rgb).save(file := io.BytesIO(), "PNG")
    write(folder / "grey", files | {"a/large.png": picture(200, size=(300, 40))})
    write(folder / "colour", {path.replace(".", "-c."): file.getvalue() for path in files} | class_files(n=1))
    assert catalog.load("grey").image_shape == (28, 28, 1), "what the Draw page draws"
    dataset = catalog.load("colour")
    assert dataset.image_shape == (64, 64, 3)
    assert dataset.origin.notes
    assert dataset.x_train[:, 32, 32, 0].min() > 80


def test_images_that_cannot_be_read_are_named(folder):
    write(
        folder / "own", class_files() | {"a/cut.png": picture(9)[:40], "b/text.jpg": b"hello", "loose.png": picture(9)}
    )
    dataset = catalog.load("own")
    assert len(dataset.x_train) + len(dataset.x_test) == 10
    assert sorted(each.file for each in dataset.origin.skipped) == ["a/cut.png", "b/text.jpg", "loose.png"]


@pytest.mark.parametrize("files", [{"1.png": picture(9)}, {"a/1.txt": b""}, {"a/1.png": picture(9)}])
def test_a_folder_without_classes_is_refused(folder, files):
    write(folder / "own", files)
    listed = [status.name for status in catalog.available()] + [each.file for each in catalog.unusable()]
    assert "own" in listed
    with pytest.raises(DataError):
        catalog.load("own")


def csv_text(arrays, part, header=True, delimiter=",", last=False, quote=""):
    rows = []
    for image, label in zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True):
        cells = [str(pixel) for pixel in image.ravel()]
        label = f"{quote}{label}{quote}"
        rows.append(delimiter.join([*cells, label] if last else [label, *cells]))
    names = [f"pixel{i}" for i in range(arrays["x_train"][0].size)]
    head = [delimiter.join([*names, "label"] if last else ["label", *names])] if header else []
    return "\n".join(head + rows) + "\n"


@pytest.mark.parametrize(
    "form",
    [{}, {"header": False}, {"delimiter": ";"}, {"last": True}, {"delimiter": "\t", "quote": '"'}, {"quote": '"'}],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_csv_of_labels_and_pixels_is_read(folder, form, ending):
    arrays = layout(n=30, shape=(9, 9))
    text = csv_text(arrays, "train", **form).replace("\n", ending)
    (folder / "my letters.CSV").write_bytes(b"\xef\xbb\xbf" + text.encode() + ending.encode())
    dataset = catalog.load("my letters")
    assert_sound(dataset)
    assert dataset.origin.is_split
    got = np.concatenate([dataset.x_train, dataset.x_test])[..., 0]
    labels = np.concatenate([dataset.y_train, dataset.y_test])
    expected = {image.tobytes(): label for image, label in zip(arrays["x_train"], arrays["y_train"], strict=True)}
    assert [expected[image.tobytes()] for image in got] == labels.tolist()


def test_train_and_test_csv_files_belong_together(folder):
    arrays = layout(shape=(9, 9))
    (folder / "shapes_train.csv").write_text(csv_text(arrays, "train"))
    (folder / "shapes_test.csv.gz").write_bytes(gzip.compress(csv_text(arrays, "test").encode()))
    assert [status.name for status in catalog.available()][4:] == ["shapes"]
    dataset = catalog.load("shapes")
    assert np.array_equal(dataset.x_test[..., 0], arrays["x_test"])
    assert np.array_equal(dataset.y_train, arrays["y_train"])


def test_a_csv_line_of_another_length_is_named(folder):
    lines = csv_text(layout(shape=(9, 9)), "train").splitlines()
    (folder / "own.csv").write_text("\n".join([*lines[:7], lines[7][:-9], *lines[8:]]))
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    check_message(caught.value, line=8, file="own.csv")


def idx_bytes(array, packed):
    content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
    return gzip.compress(content) if packed else content


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", ["", "MNIST/raw/"])
@pytest.mark.parametrize("name", ["{part}-{kind}-idx{axes}-ubyte", "emnist-letters-{part}-{kind}-idx{axes}-ubyte"])
def test_idx_files_are_read_with_or_without_gzip(folder, packed, place, name):
    arrays, files = layout(shape=(9, 9)), {}
    for part, key in (("train", "train"), ("t10k", "test")):
        for kind, array in (("images", arrays[f"x_{key}"]), ("labels", arrays[f"y_{key}"])):
            path = place + name.format(part=part, kind=kind, axes=array.ndim) + ".gz" * packed
            files[path] = idx_bytes(array, packed)
    write(folder, files)
    (own,) = [status.name for status in catalog.available()][4:]
    dataset = catalog.load(own)
    assert np.array_equal(dataset.x_train[..., 0], arrays["x_train"])
    assert np.array_equal(dataset.y_test, arrays["y_test"])


def test_whatever_cannot_be_used_is_listed_with_a_reason(folder):
    odd = ["notes.txt", "alone.png", "x.npy", "letters.jsonl", "a" * 120 + ".npz", "what?.npz"]
    used = dict.fromkeys(["drawn-digits.jsonl", "my-drawings (1).jsonl"], b"")
    write(folder, dict.fromkeys(odd, b"PK") | used | {"empty/readme.txt": b"", ".hidden": b""})
    (folder / "same.csv").write_text("a")
    (folder / "same.npz").write_bytes(npz_bytes({"what": np.zeros(3)}))
    unusable = {each.file: str(each.reason) for each in catalog.unusable()}
    assert unusable.keys() == {*odd, "empty", "same.npz"} or unusable.keys() == {*odd, "empty", "same.csv"}
    rows, text, problems = report.answer(None)
    assert problems == []
    assert next(row["reason"] for row in rows if row["name"] == "same"), "its contents can't be used"
    assert all(any(name in line for line in text) for name in unusable)


@pytest.mark.parametrize("name", ["my digits (1)", "Ärger", "数字", "it's", "a&b", "100% & #1"])
def test_files_with_all_usual_names_are_listed(save_own, name):
    save_own(layout(), name)
    assert name in [status.name for status in catalog.available()]
    assert len(catalog.load(name).x_train) == 20


@pytest.mark.parametrize("path", ["../a/1.png", "/a/1.png", "a/../../1.png", "C:/a/1.png", "..\\a\\1.png"])
def test_a_zip_that_leads_out_of_itself_is_refused(folder, path):
    (folder / "own.zip").write_bytes(zipped(class_files() | {path: picture(9)}))
    with pytest.raises(DataError) as caught:
        catalog.load("own")
    assert caught.value.values["file"] == "own.zip"
    assert "path" in caught.value.values


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "UPLOAD_LIMITS", Limits(packed=1_000_000, unpacked=10_000_000, files=200))
    bomb = zipped(class_files() | {"a/huge.png": bytes(uploads.UPLOAD_LIMITS.unpacked)})
    assert len(bomb) < 100_000
    visitor = Uploads(tmp_path / "runs", "token")
    with pytest.raises(DataError) as caught:
        visitor.save([("bomb.zip", bomb)])
    assert caught.value.values["unpacked"] > caught.value.values["limit"]
    many = zipped({f"a/{i}.png": b"" for i in range(uploads.UPLOAD_LIMITS.files + 1)})
    with pytest.raises(DataError) as caught:
        visitor.save([("many.zip", many)])
    assert caught.value.values["most"] == uploads.UPLOAD_LIMITS.files
    assert visitor.names() == []
    assert [path for path in (tmp_path / "runs").rglob("*") if path.is_file()] == []


def test_an_upload_belongs_to_its_visitor(tmp_path, monkeypatch):
    home = tmp_path / "runs"
    monkeypatch.setenv("DIGIT_LAB_HOME", str(home))
    name = Uploads(home, "ann").save([("our letters.zip", zipped(class_files(n=4)))])
    assert Uploads(home, "ann").names() == [name]
    assert Uploads(home, "bob").names() == []
    assert name not in [status.name for status in catalog.available()]
    assert uploads.title(name) == "our letters"
    assert catalog.status(name).title == "our letters"
    assert len(catalog.load(name).x_test) == 2, "the worker of a run finds it by its name"
    Uploads(home, "bob").delete(name)
    assert Uploads(home, "ann").names() == [name]
    Uploads(home, "ann").delete(name)
    with pytest.raises(DataError):
        catalog.load(name)


@pytest.mark.parametrize(
    "files",
    [
        [("a.npz", b"hello")],
        [("a.npz", npz_bytes({"x_train": np.array([None]), "y_train": np.zeros(1)}))],
        [("../../evil.npz", npz_bytes(layout()))] * 2,
        [("..", b"")],
        [(f"{i}.csv", b"") for i in range(uploads.MAX_FILES + 1)],
        [],
    ],
)
def test_an_upload_that_cannot_be_used_leaves_nothing(tmp_path, files):
    with pytest.raises(DataError):
        Uploads(tmp_path / "runs", "ann").save(files)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_path_in_the_name_of_an_upload_leads_nowhere(tmp_path):
    home = tmp_path / "runs"
    name = Uploads(home, "ann").save([("../../../evil.npz", npz_bytes(layout()))])
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.parent.name == name
    assert home in file.parents


def test_uploads_are_limited_and_deleted_after_a_day(tmp_path, monkeypatch):
    home, files = tmp_path / "runs", [("a.npz", npz_bytes(layout()))]
    names = [Uploads(home, "ann").save(files) for _ in range(uploads.MAX_PER_VISITOR)]
    with pytest.raises(DataError) as caught:
        Uploads(home, "ann").save(files)
    check_message(caught.value, most=uploads.MAX_PER_VISITOR)
    uploads.clean(home, in_use=())
    assert sorted(Uploads(home, "ann").names()) == sorted(names)
    monkeypatch.setattr(uploads, "KEPT_S", -1)
    uploads.clean(home, in_use=names[:2])
    assert sorted(Uploads(home, "ann").names()) == sorted(names[:2])
    uploads.delete_with_run(home, names[0], still_in_use=[names[0]])
    uploads.delete_with_run(home, names[1], still_in_use=["mnist"])
    assert Uploads(home, "ann").names() == names[:1]


def test_an_inspection_names_what_would_spoil_a_training(save_own):
    arrays = layout(n=40)
    arrays["x_train"] = 255 - arrays["x_train"] // 8
    arrays["x_train"][:, 3:5, 3:5] = 0
    arrays["x_test"] = arrays["x_train"][:6].copy()
    arrays["y_train"] = arrays["y_train"] * 2 + 3
    arrays["y_test"] = arrays["y_train"][:6]
    save_own(arrays)
    found = inspect(catalog.load("own"))
    assert (found.is_dark_on_light, found.first_label, found.n_shared) == (True, 3, 6)
    assert found.empty_classes == ("4", "6")
    assert found.train_counts == (14, 0, 13, 0, 13)
    assert len(found.warnings) == 4
    assert type(found).from_dict(found.to_dict()) == found
    inverted = catalog.load("own").inverted()
    assert not inspect(inverted).is_dark_on_light
    assert np.array_equal(inverted.x_train, 255 - catalog.load("own").x_train)


def test_a_good_dataset_has_no_warnings(uci_digits):
    found = inspect(uci_digits)
    assert found.warnings == found.notes == ()


def test_the_version_changes_with_the_files(folder):
    write(folder / "own", class_files())
    before = catalog.version("own")
    assert catalog.version("own") == before
    write(folder / "own", {"a/more.png": picture(50)})
    assert catalog.version("own") != before
    assert catalog.version("uci-digits") == ()
