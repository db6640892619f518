"""What a search found: ranking, uncertainty and downloads."""

import csv
import io
import json

import pytest
from scipy.stats import binomtest

from model.config import TrainingConfig
from model.tuning import results
from model.tuning.record import SearchStore
from model.tuning.settings import TuningSettings
from model.tuning.space import parse
from model.tuning.study import COMPLETE, FAILED, PRUNED, TrialResult

ACCURACY = TuningSettings(TrainingConfig(), (parse("learning_rate"),))
LOSS = TuningSettings(TrainingConfig(), (parse("learning_rate"),), objective="loss")


def trial(number, value, state=COMPLETE, n=1000, **more):
    more = {"accuracy": value, "n_validation": n, "run": f"run-{number}"} | more
    return TrialResult(number, state, value, {"learning_rate": 0.01 * (number + 1)}, **more)


TRIALS = [trial(0, 0.90), trial(1, 0.97), trial(2, 0.99, PRUNED), trial(3, 0.96), trial(4, None, FAILED)]


def test_only_complete_trials_are_ranked():
    assert [each.number for each in results.ranking(TRIALS, ACCURACY)] == [1, 3, 0]
    assert [each.number for each in results.ranking(TRIALS, LOSS)] == [0, 3, 1]
    assert results.best(TRIALS[2:3], ACCURACY) is None


def test_of_equal_trials_the_earlier_is_the_best():
    assert results.best([trial(0, 0.5), trial(1, 0.9), trial(2, 0.9)], ACCURACY).number == 1


def test_a_repetition_is_not_ranked():
    assert results.best([trial(0, 0.9), trial(1, 0.95, repeats=0, seed=1)], ACCURACY).number == 0


def test_the_interval_is_wilsons():
    expected = binomtest(970, 1000).proportion_ci(0.95, method="wilson")
    assert results.interval(trial(1, 0.97)) == pytest.approx((expected.low, expected.high))
    assert results.interval(trial(1, 0.97, n=0)) is None


@pytest.mark.parametrize(("n", "noise"), [(100, True), (1000, True), (100_000, False)])
def test_a_difference_is_within_noise_if_the_intervals_overlap(n, noise):
    one, other = trial(0, 0.97, n=n), trial(1, 0.96, n=n)
    assert results.within_noise(one, other) == noise
    messages = results.verdict([one, other], ACCURACY)
    assert len(messages) == 2
    assert ("within noise" in str(messages[1])) == noise


def test_the_verdict_names_the_best_and_the_second_best():
    first, second = results.verdict(TRIALS, ACCURACY)
    assert (first.values["number"], second.values["number"]) == (1, 3)
    assert first.values["accuracy"] == 0.97
    assert len(results.verdict(TRIALS[:1], ACCURACY)) == 1
    assert len(results.verdict([], ACCURACY)) == 1


@pytest.mark.parametrize(("other", "overlap"), [((0.955, 0.965), True), ((0.93, 0.94), False)])
def test_other_seeds_confirm_an_order_or_not(other, overlap):
    again = [trial(5 + i, value, repeats=1) for i, value in enumerate((0.961, 0.972))]
    again += [trial(7 + i, value, repeats=0) for i, value in enumerate(other)]
    trials = [trial(0, 0.945 if overlap else 0.935), trial(1, 0.97), *again]
    messages = results.repeat_verdict(trials, ACCURACY)
    assert (messages.values["number"], messages.values["second"]) == (1, 0)
    assert ("either" in str(messages)) == overlap
    assert results.repeat_verdict(trials[:2], ACCURACY) is None


def test_csv_has_a_row_for_each_trial():
    rows = list(csv.DictReader(io.StringIO(results.as_csv(TRIALS, ACCURACY))))
    assert [row["trial"] for row in rows] == list("01234")
    assert rows[1]["val_accuracy"] == "0.97"
    assert float(rows[1]["learning_rate"]) == 0.02
    assert rows[4]["val_accuracy"] == ""


def test_json_has_settings_and_curves(tmp_path):
    from model.runs.store import RunStore

    record = SearchStore(RunStore(tmp_path)).create(ACCURACY)
    values = json.loads(results.as_json(record, [trial(0, 0.9, curve=((1, 0.8), (2, 0.9)))]))
    assert TuningSettings.from_dict(values["settings"]) == ACCURACY
    assert values["trials"][0]["curve"] == [[1, 0.8], [2, 0.9]]
