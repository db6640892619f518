"""The command line as people and scripts call it."""

import json
import subprocess
import sys

import pytest

from model.cli import main
from model.config import CUSTOM, Block, Design, TrainingConfig
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


def test_a_training_from_the_shell_to_its_figures(tmp_path):
    arguments = ["--dataset", "uci-digits", "--preset", "dense-64", "--epochs", "2", "--seed", "3"]
    trained = call("train", *arguments, "--json")
    assert trained.returncode == 0, trained.stderr
    told = [json.loads(line) for line in trained.stdout.splitlines()]
    assert [each["event"] for each in told if each["event"] != "batch"] == [
        "loading",
        "started",
        "epoch",
        "epoch",
        "finished",
    ]
    listed = [json.loads(line) for line in call("runs", "--json").stdout.splitlines()]
    own = next(run for run in listed if not run["shipped"])
    assert (own["status"], own["preset"], own["dataset"]) == ("finished", "dense-64", "uci-digits")
    evaluated = json.loads(call("evaluate", own["run"], "--json").stdout)
    assert evaluated["accuracy"] == own["accuracy"] == told[-1]["accuracy"]
    assert evaluated["how"] == "computed now"
    assert sum(map(sum, evaluated["confusion"])) == evaluated["n"] == 360
    drawing = tmp_path / "seven.jsonl"
    drawing.write_text(SEVEN)
    predicted = json.loads(call("predict", own["run"], str(drawing), "--json").stdout)
    assert set(predicted) == {"text", "accepted", "reject_score", "digits"}


def test_without_json_people_get_sentences(tmp_path):
    trained = call("train", "--dataset", "uci-digits", "--preset", "dense-64", "--epochs", "1")
    assert trained.stdout.startswith("Test accuracy ")
    assert "Epoch 1: loss" in trained.stderr


def test_the_default_learning_rate_follows_the_optimizer(tmp_path, monkeypatch):
    from model.training import worker

    seen = []
    monkeypatch.setattr(worker, "run", lambda folder, *_: seen.append(json.loads((folder / "config.json").read_text())))
    main(["train", "--schedule", "one-cycle"])
    main(["train", "--optimizer", "sgd"])
    main(["train", "--schedule", "one-cycle", "--learning-rate", "0.002"])
    assert [each["config"]["learning_rate"] for each in seen] == [0.008, 0.01, 0.002]


@pytest.fixture
def configs(monkeypatch):
    """The settings of every training that would have begun."""
    from model.training import worker

    seen = []

    def keep(folder, *_):
        seen.append(json.loads((folder / "config.json").read_text())["config"])

    monkeypatch.setattr(worker, "run", keep)
    return seen


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_brings_its_settings(name, configs):
    main(["train", "--recipe", name])
    assert TrainingConfig.from_dict(configs[0]) == RECIPES[name].config


def test_without_a_recipe_it_is_the_one_of_the_classroom(configs):
    main(["train"])
    assert TrainingConfig.from_dict(configs[0]) == TrainingConfig() == RECIPES["classroom"].config


def test_other_options_override_a_recipe_and_leave_the_rest(configs):
    main(["train", "--recipe", "deep", "--epochs", "3", "--dataset", "uci-digits", "--rotation", "2", "--seed", "9"])
    recipe = RECIPES["deep"].config.to_dict()
    moves = recipe["augmentation"] | {"rotation": 2}
    assert configs == [recipe | {"epochs": 3, "dataset": "uci-digits", "seed": 9, "augmentation": moves}]


def test_every_option_of_a_training_arrives(configs):
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
            "drawings": False,
            "keep": "last",
            "seed": 6,
            "precision": "float32",
            "start_from": "",
            "design": None,
            "augmentation": {"rotation": 1, "shift": 0.2, "zoom": 0.3, "shear": 4, "elastic": 0.5, "flip": True},
        }
    ]


def test_a_design_arrives_and_is_called_own(configs):
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
def test_another_optimizer_than_the_recipes_has_its_usual_rate(options, rate, configs):
    main(["train", *options.split()])
    assert configs[0]["learning_rate"] == rate


@pytest.mark.parametrize(
    "options, words",
    [
        ("--label-smoothing 0.1", "label_smoothing came as 0.1 with class numbers"),
        ("--recipe deep --loss sparse", "label_smoothing came as 0.05 with class numbers"),
        ("--drawings --dataset fashion-mnist", "drawings came with fashion-mnist"),
        ("--drawings --dataset cifar-10", "drawings came with cifar-10"),
        ("--shear 46", "shear came as 46.0; expected a number from 0 to 45"),
        ("--elastic nan", "elastic came as nan"),
        ("--recipe deep --flip", "flip came with mnist"),
    ],
)
def test_contradictory_settings_create_no_run(options, words, configs, capsys):
    assert main(["train", *options.split()]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"train: {words}")
    assert told.err.endswith(".\n")
    assert told.err.count("\n") == 1
    assert not configs
    assert not RunStore().home.exists() or not list(RunStore().home.iterdir())


def test_predict_takes_the_shipped_network_when_none_is_named(tmp_path, capsys):
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


def test_a_closed_pipe_does_not_end_the_training(tmp_path):
    command = f"{sys.executable} -m model train --dataset uci-digits --preset dense-64 --epochs 1 --json | head -n 2"
    subprocess.run(command, shell=True, cwd=PROJECT, capture_output=True, check=True)
    (run,) = RunStore().home.iterdir()
    assert RunStore().open(run.name).state() == "finished"


def test_data_tells_what_is_here(capsys):
    main(["data", "--json"])
    told = {each["name"]: each["here"] for each in lines(capsys)}
    assert told["uci-digits"]
    assert not told["mnist"]
    main(["data"])
    assert "uci-digits" in capsys.readouterr().out


def test_runs_name_the_damaged_ones(tmp_path, capsys):
    (tmp_path / "runs" / "broken").mkdir(parents=True)
    main(["runs", "--json"])
    told = {each["run"]: each for each in lines(capsys)}
    assert told[DEFAULT_RUN]["accuracy"] > 0.98
    assert told["broken"]["status"] == "damaged"
    main(["runs"])
    assert "damaged" in capsys.readouterr().out


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
def test_a_bad_argument_ends_with_two_and_one_line(arguments):
    result = call(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert len(result.stderr.strip()) > 20
