"""The searches of one app server: a thread for each, over the job manager that all trainings share.

Knows searches and jobs; knows nothing of pages.
"""

import threading
import traceback

from model.errors import DigitLabError, SearchError
from model.jobs.manager import JobManager
from model.runs.metadata import NO_METADATA, RunMetadata
from model.tuning.record import SearchRecord, SearchStore
from model.tuning.search import Search
from model.tuning.settings import TuningSettings, check

MAX_SEARCHES = 4  # at a time; each has at most one trial in the queue


class SearchManager:
    """Starts, stops and resumes searches. Thread-safe."""

    def __init__(self, jobs: JobManager, store: SearchStore | None = None):
        """Start nothing yet; `store` is by default the one of the manager's runs."""
        self.jobs, self.store = jobs, store or SearchStore(jobs.store)
        self._searches: dict[str, tuple[Search, threading.Thread]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def start(self, settings: TuningSettings, owner: RunMetadata = NO_METADATA, here: bool = False) -> SearchRecord:
        """Start a search, `here` even if there is a cluster.

        Raises ConfigError or DataError if it can't work, SearchError if too many are running, SchedulerError if the
        cluster doesn't answer.
        """
        check(settings, self.jobs.limits)
        if not here:
            self.jobs.check_answers()
        with self._lock:
            self._check_room()
            record = self.store.create(settings, owner)
            self._run(Search(record, self.jobs, here=here))
        return record

    def repeat_best(self, search_id: str) -> None:
        """Train the best three trials of an ended search again, each with two other seeds."""
        record = self.store.open(search_id)
        if record.shipped:
            raise SearchError("Search {search} comes with Digit Lab and can't be changed.", search=search_id)
        with self._lock:
            self._check_room()
            self._run(Search(record, self.jobs, repeat_best=True))

    def stop(self, search_id: str) -> None:
        """Ask a search to stop, in whichever process it runs; its runs save what they have learned."""
        self.store.open(search_id).request_stop()

    def is_running(self, record: SearchRecord) -> bool:
        """Return whether a search is running, here or in another process."""
        with self._lock:
            here = self._searches.get(record.id)
        return here is not None and here[1].is_alive() or record.is_running()

    def resume_interrupted(self) -> None:
        """Resume all searches of an app server that was killed; those that can't be read or are running are left alone.

        A search of the command line has no owner, and is left to the person who started it.
        """
        for record in self.store.list()[0]:
            if record.shipped or record.ended or not record.owner.browser or self.is_running(record):
                continue
            with self._lock:
                try:
                    self._check_room()
                    self._run(Search(record, self.jobs))
                except DigitLabError:
                    continue

    def close(self, timeout_s: float = 3.0) -> None:
        """Leave all searches, which the next server resumes. Call it before the job manager is closed."""
        with self._lock:
            self._closed = True
            threads = list(self._searches.values())
        for search, _ in threads:
            search.leave()
        for _, thread in threads:
            thread.join(timeout_s)

    def _check_room(self) -> None:
        running = [search_id for search_id, (_, thread) in self._searches.items() if thread.is_alive()]
        if self._closed or len(running) >= MAX_SEARCHES:
            raise SearchError("{n} searches are already running. Wait until one of them ends.", n=len(running))

    def _run(self, search: Search) -> None:
        thread = threading.Thread(target=_run, args=(search,), name=f"search-{search.record.id}", daemon=True)
        self._searches[search.record.id] = (search, thread)
        thread.start()


def _run(search: Search) -> None:
    """Run a search; one that ends with an error of ours is recorded as stopped, with the reason."""
    try:
        search.run()
    except Exception as error:
        traceback.print_exc()
        try:
            search.record.end("stopped", f"The search ended with an error: {error!r}."[:300])
        except OSError:  # a full disk; the search counts as interrupted
            traceback.print_exc()
