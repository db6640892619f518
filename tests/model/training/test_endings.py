"""Every way in which a worker can end has a sentence, and it is saved where the run is."""

import signal

import pytest

from model.config import TrainingConfig
from model.messages import Message
from model.runs.atomic_files import FolderLock, write_json
from model.runs.events import EventLog, InterruptedEvent, LoadingEvent
from model.runs.store import RunStore
from model.training.endings import OUT_OF_MEMORY, explain, means_out_of_memory, save_reason
from pages.ui.translation import translate


@pytest.mark.parametrize("number", sorted({int(each) for each in signal.Signals} | {50, 63}))
def test_every_signal_is_named(number):
    reason = explain(-number)
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    assert reason.values == {"signal": name}
    assert name in translate(reason)
    assert explain(128 + number) == reason, "a shell reports it in this way"


def test_the_sentences_differ_where_the_advice_does():
    signals = ("SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT", "SIGILL", "SIGXCPU", "SIGUSR1")
    codes = [-getattr(signal, name) for name in signals] + [0, 1, 77]
    assert len({explain(code, output="boom").text for code in codes}) == len(codes)


def test_only_a_killed_worker_can_have_been_killed_for_memory():
    assert explain(-signal.SIGKILL, killed_for_memory=True) == OUT_OF_MEMORY
    assert explain(-signal.SIGKILL) != OUT_OF_MEMORY
    assert explain(-signal.SIGTERM, killed_for_memory=True) != OUT_OF_MEMORY


@pytest.mark.parametrize("code", [1, 2])
def test_the_last_words_of_a_worker_are_quoted(code):
    reason = explain(code, output="train: ValueError: " + 300 * "x")
    assert reason.values["error"].endswith("x.")
    assert len(reason.values["error"]) < 220
    assert explain(code).values == {"code": code}, "there were none"


@pytest.mark.parametrize("code", [0, 3, 77, 3221225477])
def test_every_other_exit_code_has_a_sentence(code):
    assert str(explain(code)).endswith(".")
    assert explain(code).values.get("code", 0) == code


@pytest.mark.parametrize(
    "output",
    [
        "MemoryError",
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 179. MiB for an array",
        "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor",
        "OSError: [Errno 12] Cannot allocate memory",
        "terminate called after throwing an instance of 'std::bad_alloc'",
    ],
)
def test_a_lack_of_memory_is_recognized_in_the_output(output):
    assert explain(1, output=output) == OUT_OF_MEMORY


def test_a_lack_of_memory_is_recognized_in_an_error():
    assert means_out_of_memory(OSError(12, "Cannot allocate memory"))
    assert not means_out_of_memory(ValueError("memory of elephants"))


@pytest.fixture
def run():
    return RunStore().create(TrainingConfig())


def write(run, *events):
    log = EventLog(run.path / "events.jsonl")
    for event in events:
        log.write(event)
    log.close()


def last(run):
    return RunStore().open(run.id).history().last


REASON = Message("It {did}.", {"did": "fell over"})


@pytest.mark.parametrize("events", [(), (LoadingEvent(dataset="mnist"),)])
def test_a_reason_is_saved_with_the_run(run, events):
    write(run, *events)
    save_reason(run, REASON, before=None)
    assert last(run).reason == "It fell over."


def test_the_workers_own_reason_stays(run):
    write(run, InterruptedEvent(step=3, checkpoint="step-3.keras"))
    save_reason(run, REASON, before=None)
    assert last(run).reason is None
    assert last(run).step == 3


def test_the_reason_of_an_earlier_worker_is_not_this_ones(run):
    write(run, InterruptedEvent(reason="An earlier one."))
    save_reason(run, REASON, before=run.history().last)
    assert last(run).reason == "It fell over."


def test_a_complete_run_gets_no_reason(run):
    write_json(run.path / "run.json", {"status": "failed", "reason": "The loss was no longer a number."})
    save_reason(run, REASON, before=None)
    assert not (run.path / "events.jsonl").exists()


def test_nothing_is_written_while_another_process_trains_the_run(run):
    lock = FolderLock(run.path)
    save_reason(run, REASON, before=None)
    lock.release()
    assert last(run) is None


def test_a_deleted_run_gets_no_reason(run):
    RunStore().delete(run.id)
    save_reason(run, REASON, before=None)
    assert not run.path.exists()
