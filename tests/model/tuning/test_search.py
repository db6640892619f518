"""The loop of a search, over a job manager without processes."""

import json
import threading
from dataclasses import replace

import pytest

from model.config import TrainingConfig
from model.errors import SearchError
from model.runs.metadata import RunMetadata, fingerprint
from model.tuning import results as tuning_results
from model.tuning import search as search_module
from model.tuning.manager import SearchManager
from model.tuning.record import SearchStore
from model.tuning.search import Search
from model.tuning.settings import TuningSettings
from model.tuning.space import parse
from model.tuning.study import COMPLETE, FAILED, PRUNED, RUNNING, read_trials
from tests.model.tuning.fake_jobs import N_VALIDATION, FakeJobs, accuracy_of
from tests.support import check_message, wait_for

CONFIG = TrainingConfig(dataset="uci-digits", preset="dense-64", epochs=4)
OWNER = RunMetadata(tab=fingerprint("a tab"), browser=fingerprint("a browser"))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)  # Optuna waits for the disk after each value
    monkeypatch.setattr(search_module, "TICK_S", 0.001)
    monkeypatch.setattr(search_module, "_RETRY_S", 0.001)


@pytest.fixture
def jobs(tmp_path):
    return FakeJobs(tmp_path)


def settings(*texts, **options):
    space = tuple(map(parse, texts or ["learning_rate=0.0001:1:log"]))
    return TuningSettings(CONFIG, space, **{"trials": 6, "pruner": "none", "sampler": "random"} | options)


def create(jobs, *texts, **options):
    return SearchStore(jobs.store).create(settings(*texts, **options), OWNER)


def run(jobs, *texts, **options):
    record = create(jobs, *texts, **options)
    return Search(record, jobs).run()


def test_every_trial_is_a_run_of_the_search(jobs):
    record = run(jobs)
    trials = read_trials(record)
    assert record.ended == "finished"
    assert [trial.number for trial in trials] == list(range(6))
    assert len({trial.run for trial in trials}) == 6
    for trial in trials:
        stored = jobs.store.open(trial.run)
        assert stored.config == replace(CONFIG, learning_rate=trial.parameters["learning_rate"])
        assert stored.metadata == replace(OWNER, group=record.id)
        assert trial.value == trial.accuracy == accuracy_of(stored.config, CONFIG.epochs)
        assert trial.curve == tuple((epoch, accuracy_of(stored.config, epoch)) for epoch in range(1, 5))
        assert trial.n_validation == N_VALIDATION


@pytest.mark.parametrize("objective", ["accuracy", "loss"])
def test_the_best_trial_is_nearest_to_the_best_rate(jobs, objective):
    record = run(jobs, sampler="grid", trials=9, objective=objective)
    best = tuning_results.best(read_trials(record), record.settings)
    assert best.parameters["learning_rate"] == pytest.approx(0.01)
    assert jobs.store.open(best.run).config.learning_rate == best.parameters["learning_rate"]


@pytest.mark.parametrize("sampler", ["random", "tpe", "grid"])
def test_the_same_seed_gives_the_same_trials(tmp_path, sampler):
    def parameters(home, seed):
        record = run(FakeJobs(tmp_path / home), sampler=sampler, seed=seed, trials=8)
        return [trial.parameters for trial in read_trials(record)]

    assert parameters("a", 1) == parameters("b", 1) != parameters("c", 2)


def test_tpe_looks_where_values_were_good(tmp_path):
    def mean_distance(sampler):
        record = run(FakeJobs(tmp_path / sampler), sampler=sampler, trials=30, seed=4)
        late = read_trials(record)[10:]
        return sum(trial.value for trial in late) / len(late)

    assert mean_distance("tpe") > mean_distance("random")


def test_a_bad_trial_is_pruned_and_its_run_says_why(jobs):
    rates = "learning_rate=0.01,0.02,0.03,0.04,1"
    record = run(jobs, rates, sampler="grid", pruner="median", trials=5, seed=2)
    trials = read_trials(record)
    bad = next(trial for trial in trials if trial.parameters["learning_rate"] == 1)
    assert bad.number >= 3, "the pruner first watches three trials"
    assert (bad.state, bad.reason) == (PRUNED, search_module.PRUNED)
    assert jobs.store.open(bad.run).reason == search_module.PRUNED
    assert bad.value == bad.curve[-1][1]
    assert len(bad.curve) < CONFIG.epochs
    assert tuning_results.best(trials, record.settings).parameters["learning_rate"] == 0.01


def test_nothing_is_pruned_without_a_pruner(jobs):
    run(jobs, "learning_rate=0.01,0.02,0.03,0.04,1", sampler="grid", trials=5, seed=2)
    assert jobs.sent == []


@pytest.mark.parametrize("trainings", [1, 2, 3])
def test_no_more_trials_run_than_there_are_slots(tmp_path, trainings):
    jobs, most = FakeJobs(tmp_path, trainings), []
    start = jobs.start
    jobs.start = lambda *arguments, **options: (start(*arguments, **options), most.append(len(jobs.active)))[0]
    record = run(jobs)
    assert max(most) == trainings
    assert len(read_trials(record)) == 6


def test_failed_runs_are_failed_trials_and_end_a_hopeless_search(jobs):
    jobs.fail = True
    record = run(jobs)
    trials = read_trials(record)
    assert [trial.state for trial in trials] == [FAILED] * 3
    assert (record.ended, record.reason) == ("stopped", "The loss is not a number.")


def test_a_deleted_run_fails_its_trial_only(jobs):
    state, deleted = jobs.state, []

    def delete_first(run):
        if not deleted:
            deleted.append(run.id)
            jobs.active.remove(run.id)
            jobs.store.delete(run.id)
        return state(run)

    jobs.state = delete_first
    trials = read_trials(run(jobs))
    assert [trial.state for trial in trials] == [FAILED] + [COMPLETE] * 5


def test_a_full_queue_makes_a_search_wait(jobs):
    jobs.refuse = "The queue is full (20 waiting). Try again later."
    search = Search(create(jobs), jobs)
    thread = threading.Thread(target=search.run)
    thread.start()
    wait_for(lambda: search._refused)
    assert read_trials(search.record)[0].state == RUNNING
    jobs.refuse = ""
    thread.join(20)
    assert [trial.state for trial in read_trials(search.record)] == [COMPLETE] * 6


def test_no_trial_starts_after_the_time_is_up(jobs):
    times = iter(range(0, 10_000, 20))
    record = Search(create(jobs, trials=100, minutes=5), jobs, clock=lambda: next(times)).run()
    assert record.ended == "finished"
    assert 1 <= len(read_trials(record)) < 50


def stop_after(jobs, record, n):
    """Stop a search after `n` trials have ended."""
    seen = []

    def on_trial(trial):
        seen.append(trial)
        if len(seen) == n:
            record.request_stop()

    return Search(record, jobs, on_trial).run()


def test_stop_keeps_what_is_there(jobs):
    record = stop_after(jobs, create(jobs), 2)
    trials = read_trials(record)
    assert (record.ended, record.reason) == ("stopped", search_module.STOPPED_BY_USER)
    assert [trial.state for trial in trials[:2]] == [COMPLETE] * 2
    assert not jobs.active
    assert SearchStore(jobs.store).open(record.id) == record


def kill_after(jobs, record, n):
    """Run a search whose process is killed after `n` epochs."""
    search, state, epochs = Search(record, jobs), jobs.state, []

    def count(run):
        epochs.append(run.id)
        if len(epochs) == n:
            search.leave()
        return state(run)

    jobs.state = count
    assert not search.run().ended
    jobs.state = state
    jobs.kill()


def test_a_killed_search_resumes_its_runs_and_ends_as_if_nothing_happened(tmp_path):
    whole, killed = FakeJobs(tmp_path / "whole"), FakeJobs(tmp_path / "killed")
    expected = [(trial.parameters, trial.value) for trial in read_trials(run(whole, sampler="tpe", trials=8))]
    record = create(killed, sampler="tpe", trials=8)
    kill_after(killed, record, 17)
    assert [trial.state for trial in read_trials(record)].count(RUNNING) == 1
    with record.journal.open("ab") as journal:
        journal.write(b'{"op_code": 6, "wor')  # the process was writing
    record = Search(SearchStore(killed.store).open(record.id), killed).run()
    assert len(killed.resumed) == 1
    assert record.ended == "finished"
    assert [(trial.parameters, trial.value) for trial in read_trials(record)] == expected


def test_a_run_that_nobody_can_resume_fails_its_trial(jobs):
    record = create(jobs)
    kill_after(jobs, record, 3)
    run_id = read_trials(record)[0].run
    jobs.store.delete(run_id)
    trials = read_trials(Search(record, jobs).run())
    assert [trial.state for trial in trials] == [FAILED] + [COMPLETE] * 5


def test_two_processes_never_run_the_same_search(jobs):
    search = Search(create(jobs), jobs)
    with pytest.raises(SearchError) as caught:
        Search(search.record, jobs)
    check_message(caught.value, search=search.record.id)
    assert search.record.is_running()
    search.run()
    assert not search.record.is_running()


def test_the_best_three_are_trained_again_with_other_seeds(jobs):
    record = run(jobs, sampler="grid", trials=5)
    assert tuning_results.repeat_verdict(read_trials(record), record.settings) is None
    record = Search(record, jobs, repeat_best=True).run()
    trials = read_trials(record)
    again = [trial for trial in trials if trial.repeats is not None]
    best = tuning_results.ranking(trials, record.settings)[:3]
    assert {trial.repeats for trial in again} == {trial.number for trial in best}
    assert [trial.seed for trial in again] == [1, 2] * 3
    assert {jobs.store.open(trial.run).config.seed for trial in again} == {1, 2}
    groups = tuning_results.repeated(trials, record.settings)
    assert [len(group.values) for group in groups] == [3, 3, 3]
    assert groups[0].trial == best[0]
    assert tuning_results.repeat_verdict(trials, record.settings) is not None
    Search(record, jobs, repeat_best=True).run()
    assert len(read_trials(record)) == len(trials), "once is enough"


DAMAGE = {
    "text": lambda content: b"not a journal\n" * 3,
    "a cut middle": lambda content: content[: len(content) // 2] + b"\n" + content[-200:],
    "binary": lambda content: b"SQLite format 3\x00" + bytes(range(256)),
    "another search": lambda content: content.replace(b"learning-rate", b"other-search"),
    "an unknown operation": lambda content: content.replace(b'"op_code":4', b'"op_code":99'),
    "a list": lambda content: b"[]\n",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_study_is_one_sentence(jobs, kind):
    record = run(jobs, trials=2)
    record.journal.write_bytes(DAMAGE[kind](record.journal.read_bytes()))
    with pytest.raises(SearchError) as caught:
        read_trials(record)
    check_message(caught.value, search=record.id)


def test_a_missing_study_is_one_sentence(jobs):
    record = run(jobs, trials=2)
    record.journal.unlink()
    with pytest.raises(SearchError):
        read_trials(record)


@pytest.mark.parametrize("version", ["4.9.0", "6.0.0", ""])
def test_a_study_of_another_optuna_is_one_sentence(jobs, version):
    record = replace(run(jobs, trials=2), optuna=version)
    with pytest.raises(SearchError) as caught:
        read_trials(record)
    check_message(caught.value, search=record.id)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format": 9}', '{"format": 1}', '{"format": 1, "settings": {}}', '{"format": 1, "settings": 3}'],
)
def test_a_damaged_search_is_listed_with_its_reason(jobs, text):
    record = run(jobs, trials=2)
    (record.path / "search.json").write_text(text)
    store = SearchStore(jobs.store)
    records, damaged = store.list()
    assert record.id not in [each.id for each in records]
    check_message(damaged[0], search=record.id)
    with pytest.raises(SearchError):
        store.open(record.id)


def test_values_of_an_unknown_kind_in_search_json_are_refused(jobs):
    record = run(jobs, trials=2)
    for change in ({"ended": "soon"}, {"created": 3}, {"owner": []}, {"owner": {"tab": "me"}}):
        (record.path / "search.json").write_text(json.dumps(record.to_dict() | change))
        with pytest.raises(SearchError):
            SearchStore(jobs.store).open(record.id)


@pytest.mark.parametrize("search_id", ["../x", "no-such", "", "a/b"])
def test_an_unknown_search_is_one_sentence(jobs, search_id):
    with pytest.raises(SearchError) as caught:
        SearchStore(jobs.store).open(search_id)
    check_message(caught.value)


# The app's threads


def test_the_app_runs_a_search_in_a_thread_and_stops_it(jobs):
    manager = SearchManager(jobs)
    record = manager.start(settings(trials=200), OWNER)
    wait_for(lambda: len(read_trials(record)) > 2)
    assert manager.is_running(record)
    manager.stop(record.id)
    wait_for(lambda: not manager.is_running(record))
    assert manager.store.open(record.id).ended == "stopped"


def test_the_next_server_resumes_a_search(jobs):
    manager = SearchManager(jobs)
    record = manager.start(settings(trials=30), OWNER)
    wait_for(lambda: len(read_trials(record)) > 2)
    manager.close()
    jobs.kill()
    n = len(read_trials(record))
    assert n < 30
    assert not manager.store.open(record.id).ended
    second = SearchManager(jobs)
    second.resume_interrupted()
    wait_for(lambda: not second.is_running(record))
    trials = read_trials(record)
    assert second.store.open(record.id).ended == "finished"
    assert [trial.state for trial in trials] == [COMPLETE] * 30


def test_a_server_that_exits_accepts_no_search(jobs):
    manager = SearchManager(jobs)
    manager.close()
    with pytest.raises(SearchError):
        manager.start(settings(), OWNER)
