"""The command line, as people and scripts use it."""

import json
import os
import subprocess
import sys
import time

import pytest

from model.cli import main
from model.config import CUSTOM, Block, Design, TrainingConfig
from model.runs.events import EventLog
from model.runs.store import DEFAULT_RUN, RunStore
from model.training.recipes import RECIPES
from tests.support import PROJECT

pytestmark = pytest.mark.slow

SEVEN = '{"strokes": [[[80, 70], [200, 70], [140, 210]]]}\n'


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def call(*arguments, **options):
    command = [sys.executable, "-m", "model", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, **options)


def test_a_run_from_training_to_its_metrics(tmp_path):
    arguments = ["--dataset", "uci-digits", "--preset", "dense-64", "--epochs", "2", "--seed", "3"]
    trained = call("train", *arguments, "--json")
    assert trained.returncode == 0, trained.stderr
    events = [json.loads(line) for line in trained.stdout.splitlines()]
    assert [event["event"] for event in events if event["event"] != "batch"] == [
        "loading",
        "started",
        "epoch",
        "epoch",
        "finished",
    ]
    listed = [json.loads(line) for line in call("runs", "--json").stdout.splitlines()]
    run = next(run for run in listed if not run["shipped"])
    assert (run["status"], run["preset"], run["dataset"]) == ("finished", "dense-64", "uci-digits")
    evaluated = json.loads(call("evaluate", run["run"], "--json").stdout)
    assert evaluated["accuracy"] == run["accuracy"] == events[-1]["accuracy"]
    assert evaluated["how"] == "computed now"
    assert sum(map(sum, evaluated["confusion"])) == evaluated["n"] == 360
    drawing = tmp_path / "seven.jsonl"
    drawing.write_text(SEVEN)
    predicted = json.loads(call("predict", run["run"], str(drawing), "--json").stdout)
    assert set(predicted) == {"text", "accepted", "reject_score", "digits"}


def test_without_json_people_get_sentences(tmp_path):
    trained = call("train", "--dataset", "uci-digits", "--preset", "dense-64", "--epochs", "1")
    (run,) = RunStore().home.iterdir()
    assert len(trained.stdout.splitlines()) == 1
    assert str(run) in trained.stdout
    assert f"{RunStore().open(run.name).metrics.accuracy:.2%}" in trained.stdout
    assert len(trained.stderr.splitlines()) == 1, "one line per epoch"


def test_the_default_learning_rate_follows_the_optimizer(tmp_path, monkeypatch):
    from model.training import worker

    seen = []
    monkeypatch.setattr(worker, "run", lambda folder, *_: seen.append(json.loads((folder / "config.json").read_text())))
    main(["train", "--schedule", "one-cycle"])
    main(["train", "--optimizer", "sgd"])
    main(["train", "--schedule", "one-cycle", "--learning-rate", "0.002"])
    assert [values["config"]["learning_rate"] for values in seen] == [0.008, 0.01, 0.002]


@pytest.fixture
def configs(monkeypatch):
    """The settings of every run that would have started."""
    from model.training import worker

    seen = []

    def record(folder, *_):
        seen.append(json.loads((folder / "config.json").read_text())["config"])

    monkeypatch.setattr(worker, "run", record)
    return seen


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_brings_its_settings(name, configs):
    main(["train", "--recipe", name])
    assert TrainingConfig.from_dict(configs[0]) == RECIPES[name].config


def test_the_default_recipe_is_classroom(configs):
    main(["train"])
    assert TrainingConfig.from_dict(configs[0]) == TrainingConfig() == RECIPES["classroom"].config


def test_options_override_a_recipe_and_keep_the_rest(configs):
    main(["train", "--recipe", "deep", "--epochs", "3", "--dataset", "uci-digits", "--rotation", "2", "--seed", "9"])
    recipe = RECIPES["deep"].config.to_dict()
    augmentation = recipe["augmentation"] | {"rotation": 2}
    assert configs == [recipe | {"epochs": 3, "dataset": "uci-digits", "seed": 9, "augmentation": augmentation}]


def test_every_option_reaches_the_config(configs):
    main(
        [
            "train",
            "--dataset",
            "cifar-10",
            "--preset",
            "deep",
            "--epochs",
            "2",
            "--batch-size",
            "64",
            "--optimizer",
            "adamw",
            "--learning-rate",
            "0.5",
            "--schedule",
            "cosine",
            "--loss",
            "categorical",
            "--label-smoothing",
            "0.1",
            "--validation-share",
            "0.2",
            "--rotation",
            "1",
            "--shift",
            "0.2",
            "--zoom",
            "0.3",
            "--shear",
            "4",
            "--elastic",
            "0.5",
            "--flip",
            "--invert",
            "--keep",
            "last",
            "--seed",
            "6",
            "--train-images",
            "500",
            "--patience",
            "3",
            "--precision",
            "float32",
        ]
    )
    assert configs == [
        {
            "dataset": "cifar-10",
            "preset": "deep",
            "epochs": 2,
            "batch_size": 64,
            "optimizer": "adamw",
            "learning_rate": 0.5,
            "schedule": "cosine",
            "loss": "categorical",
            "label_smoothing": 0.1,
            "validation_share": 0.2,
            "train_images": 500,
            "patience": 3,
            "invert": True,
            "drawings": False,
            "keep": "last",
            "seed": 6,
            "precision": "float32",
            "start_from": "",
            "design": None,
            "augmentation": {"rotation": 1, "shift": 0.2, "zoom": 0.3, "shear": 4, "elastic": 0.5, "flip": True},
        }
    ]


def test_a_design_brings_the_custom_preset(configs):
    main(["train", "--design", '{"blocks": [{"filters": 8}, {"kernel": 5}], "dense": [64], "dropout": 0.1}'])
    config = TrainingConfig.from_dict(configs[0])
    assert config == TrainingConfig(preset=CUSTOM, design=Design((Block(8), Block(kernel=5)), (64,), 0.1))


@pytest.mark.parametrize(
    "options, rate",
    [
        ("--recipe best", 0.003),
        ("--recipe best --schedule one-cycle", 0.008),
        ("--recipe best --schedule constant", 0.001),
        ("--recipe best --optimizer sgd", 0.1),
        ("--recipe five-seconds --optimizer sgd --schedule constant", 0.01),
        ("--recipe five-seconds --epochs 2", 0.008),
        ("--recipe best --schedule one-cycle --learning-rate 0.002", 0.002),
    ],
)
def test_a_new_optimizer_brings_its_usual_learning_rate(options, rate, configs):
    main(["train", *options.split()])
    assert configs[0]["learning_rate"] == rate


@pytest.mark.parametrize(
    "options, mentioned",
    [
        ("--label-smoothing 0.1", ["label_smoothing", "0.1"]),
        ("--recipe deep --loss sparse", ["label_smoothing", "0.05"]),
        ("--drawings --dataset fashion-mnist", ["fashion-mnist"]),
        ("--drawings --dataset cifar-10", ["cifar-10"]),
        ("--shear 46", ["shear", "46.0", "45"]),
        ("--elastic nan", ["elastic", "nan"]),
        ("--recipe deep --flip", ["mnist"]),
    ],
)
def test_contradictory_settings_create_no_run(options, mentioned, configs, capsys):
    assert main(["train", *options.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("train: ")
    assert all(text in printed.err for text in mentioned)
    assert printed.err.endswith(".\n")
    assert printed.err.count("\n") == 1
    assert not configs
    assert not RunStore().home.exists() or not list(RunStore().home.iterdir())


def test_predict_uses_the_shipped_network_by_default(tmp_path, capsys):
    drawing = tmp_path / "drawn.jsonl"
    drawing.write_text(SEVEN + '{"strokes": []}\n')
    assert main(["predict", str(drawing), "--json"]) == 0
    seven, blank = lines(capsys)
    assert seven["text"] == "7"
    assert seven["accepted"]
    assert seven["digits"][0]["box"] == [80, 70, 200, 210]
    assert blank == {"text": "", "accepted": False, "reject_score": 1.0, "digits": []}
    assert main(["predict", DEFAULT_RUN, str(drawing), "--json"]) == 0
    assert lines(capsys)[0] == seven


def test_predict_reads_numbers(tmp_path, capsys):
    drawing = tmp_path / "drawn.jsonl"
    one_and_seven = [[[20, 60], [20, 220]], [[80, 70], [200, 70], [140, 210]]]
    drawing.write_text(json.dumps({"strokes": one_and_seven}))
    main(["predict", str(drawing), "--numbers", "--json"])
    assert lines(capsys)[0]["text"] == "17"


def test_a_bad_file_does_not_stop_the_others(tmp_path, capsys):
    names = ["first.jsonl", "bad.png", "missing.jpg", "last.jsonl"]
    files = [str(tmp_path / name) for name in names]
    for name in ("first.jsonl", "last.jsonl"):
        (tmp_path / name).write_text(SEVEN)
    (tmp_path / "bad.png").write_text("not an image")
    assert main(["predict", *files, "--json"]) == 2
    printed = capsys.readouterr()
    read = [json.loads(line) for line in printed.out.splitlines()]
    assert [(each["file"], each["text"]) for each in read] == [(files[0], "7"), (files[3], "7")]
    assert ["bad.png" in line or "missing.jpg" in line for line in printed.err.splitlines()] == [True, True]
    assert main(["predict", files[0], files[3]]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [f"{files[0]}:", f"{files[3]}:"]


def test_a_closed_pipe_does_not_stop_the_training(tmp_path):
    command = f"{sys.executable} -m model train --dataset uci-digits --preset dense-64 --epochs 1 --json | head -n 2"
    subprocess.run(command, shell=True, cwd=PROJECT, capture_output=True, check=True)
    (run,) = RunStore().home.iterdir()
    assert RunStore().open(run.name).state() == "finished"


def test_data_lists_the_available_datasets(capsys):
    main(["data", "--json"])
    listed = {line["name"]: line for line in lines(capsys)}
    assert listed["uci-digits"]["here"]
    assert not listed["mnist"]["here"]
    assert "storage.googleapis.com" in listed["mnist"]["where"]
    main(["data"])
    assert "uci-digits" in capsys.readouterr().out


def test_runs_lists_damaged_runs(tmp_path, capsys):
    (tmp_path / "runs" / "broken").mkdir(parents=True)
    main(["runs", "--json"])
    listed = {line["run"]: line for line in lines(capsys)}
    assert listed[DEFAULT_RUN]["accuracy"] > 0.98
    assert listed["broken"]["status"] == "damaged"
    main(["runs"])
    assert "damaged" in capsys.readouterr().out


def test_a_damaged_run_is_called_damaged(tmp_path, capsys):
    (tmp_path / "runs" / "broken").mkdir(parents=True)
    for command in (["evaluate", "broken"], ["predict", "broken", "pyproject.toml"]):
        assert main(command) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "broken is damaged" in printed.err
        assert "config.json" in printed.err


def test_data_names_a_cut_file_and_a_missing_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path))
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 cut")
    main(["data", "--json"])
    mnist = next(line for line in lines(capsys) if line["name"] == "mnist")
    assert (mnist["here"], mnist["damaged"], mnist["download_bytes"]) == (False, True, None)
    main(["data"])
    assert "damaged" in capsys.readouterr().out.splitlines()[0]
    monkeypatch.setenv("DIGIT_LAB_DATA", str(tmp_path / "nowhere"))
    assert main(["data", "--json"]) == 0
    printed = capsys.readouterr()
    assert str(tmp_path / "nowhere") in printed.err
    assert len(printed.out.splitlines()) == 4


def test_runs_are_pruned_to_the_limits_of_the_environment(monkeypatch, capsys):
    runs = [RunStore().create(TrainingConfig()) for _ in range(4)]
    for age, run in enumerate(runs):
        EventLog(run.path / "events.jsonl").close()
        for path in (run.path / "events.jsonl", run.path):
            os.utime(path, (time.time() - 9000 - age,) * 2)
    monkeypatch.setenv("DIGIT_LAB_MAX_RUNS", "3")
    assert main(["runs", "--prune", "--json"]) == 0
    (deleted,) = lines(capsys)
    assert deleted["run"] == runs[3].id
    assert deleted["status"] == "deleted"
    assert deleted["megabytes"] >= 0
    monkeypatch.setenv("DIGIT_LAB_MAX_RUNS", "1")
    assert main(["runs", "--prune"]) == 0
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines()] == [runs[2].id, runs[1].id]
    assert len(shown.err.splitlines()) == 1
    main(["runs", "--prune", "--json"])
    assert lines(capsys) == []


@pytest.mark.parametrize(
    "given, named",
    [
        ("--epochs 9", ["--epochs"]),
        ("--recipe best --seed 3", ["--recipe", "--seed"]),
        ("--rotation 5 --flip", ["--rotation", "--flip"]),
        ("--run elsewhere", ["--run"]),
    ],
)
@pytest.mark.parametrize("option", ["--resume", "--run"])
def test_a_run_with_its_own_settings_takes_no_others(option, given, named, configs, capsys):
    run = RunStore().create(TrainingConfig())
    if option == "--run" and named == ["--run"]:
        return  # the last folder counts, as for any option
    assert main(["train", option, str(run.path) if option == "--run" else run.id, *given.split()]) == 2
    shown = capsys.readouterr()
    assert all(name in shown.err for name in [option, *named])
    assert len(shown.err.splitlines()) == 1
    assert configs == []
    main(["train", option, str(run.path) if option == "--run" else run.id])
    assert len(configs) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--epochs", "0"],
        ["train", "--epochs", "many"],
        ["train", "--preset", "resnet"],
        ["train", "--learning-rate", "nan"],
        ["train", "--rotation", "-3"],
        ["train", "--dataset", "mnist", "--flip"],
        ["train", "--recipe", "cake"],
        ["train", "--preset", "own"],
        ["train", "--design", "{"],
        ["train", "--design", '{"blocks": [{"kernel": 9}]}'],
        ["train", "--design", "{}", "--preset", "deep"],
        ["train", "--label-smoothing", "0.1"],
        ["train", "--drawings", "--dataset", "fashion-mnist"],
        ["train", "--resume", "no-such-run"],
        ["evaluate", "no-such-run"],
        ["evaluate", "../../etc"],
        ["evaluate", "--dataset", "no such thing"],
        ["predict", "no-such-file.png"],
        ["predict", 300 * "x" + ".png"],
        ["predict", DEFAULT_RUN],
        ["predict", "pyproject.toml"],
        ["dance"],
        [],
    ],
)
def test_a_bad_argument_exits_with_2_and_one_line(arguments):
    result = call(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert len(result.stderr.strip()) > 20


def test_tune_prints_its_trials_and_the_best():
    arguments = [
        "--dataset",
        "uci-digits",
        "--preset",
        "dense-64",
        "--epochs",
        "1",
        "--vary",
        "learning_rate=0.0001,0.01",
    ]
    result = call("tune", *arguments, "--sampler", "grid", "--trials", "2", "--seed", "0", "--json")
    assert result.returncode == 0, result.stderr
    *trials, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert [sorted(trial) for trial in trials] == [["parameters", "run", "state", "trial", "value"]] * 2
    assert {trial["parameters"]["learning_rate"] for trial in trials} == {0.0001, 0.01}
    assert {trial["state"] for trial in trials} == {"complete"}
    assert last == {"best": max(trials, key=lambda trial: trial["value"])}
    assert last["best"]["parameters"] == {"learning_rate": 0.01}, "one epoch at 0.0001 learns next to nothing"
    for trial in trials:
        run = RunStore().open(trial["run"])
        assert run.config.learning_rate == trial["parameters"]["learning_rate"]
        assert run.metadata.group
        assert run.history().epochs[-1].val_accuracy == trial["value"], "not the accuracy on the test images"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--vary", "learning_rate=0.1:0.1"],
        ["--vary", "momentum"],
        ["--vary", "batch_size=16,4000"],
        ["--trials", "10000"],
        ["--trials", "many"],
        ["--sampler", "genetic"],
        ["--resume", "no-such-search"],
        ["--vary", "preset", "dropout"],
    ],
)
def test_a_search_that_cannot_work_is_refused_in_one_line(arguments, capsys):
    try:
        code = main(["tune", "--dataset", "uci-digits", *arguments])
    except SystemExit as exit_:
        code = exit_.code
    out, err = capsys.readouterr()
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert not RunStore().home.exists()
