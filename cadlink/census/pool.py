"""Any ``concurrent.futures`` executor behind one door; a broken local one is replaced.

The builder submits jobs and takes results.  If a local worker dies (killed, out of memory), Python
declares the whole pool broken: a new one is started and what was under way is submitted again; no
job has effects, so doing it twice does no harm.  A Dask cluster replaces workers by itself; if its
scheduler is gone, or has no workers left, for some time, the build ends and can be gone on with.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from cadlink.census.tasks import start_local
from cadlink.errors import InputError, foreign, shortened

__all__ = ["Crew", "Job", "dask_crew", "local_crew"]

DEPTH = 2  # jobs with the executor for each worker: the next one is there when one ends
GIVE_UP = 5  # pools that break in a row before anything is finished
_DEADLY = "worker processes die again and again (out of memory?)"
PAUSE = 1.0  # seconds between two looks at a cluster that works
PATIENCE = 30.0  # seconds for a scheduler, or for a first worker of it, to come back


@dataclass(frozen=True)
class Job:
    """A function of plain data, its arguments, what they belong to, and what goes first."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    owner: Any = None
    rank: int = 0


class Crew:
    """Workers: ``submit`` jobs, ``finished`` gives (job, result) as they come.

    Jobs with a smaller ``rank`` go first, equal ones in order: only as many as keep the workers
    busy are with the executor, whose own queue is first come, first served.  ``start`` makes an
    executor; ``width`` is the number of workers; ``stop`` ends what is left running; ``trouble``
    says in words why no result can come any more, or ''; ``deadly`` are the errors by which an
    executor says that a job kills its workers.
    """

    def __init__(
        self,
        start: Callable[[], Executor],
        width: int,
        stop: Callable[[], None] = lambda: None,
        trouble: Callable[[], str] = lambda: "",
        deadly: tuple[type[Exception], ...] = (),
    ) -> None:
        self.width = width
        self._deadly = deadly
        self._start, self._stop, self._trouble = start, stop, trouble
        self._executor = start()
        self._queue: list[tuple[int, int, Job]] = []
        self._count = 0
        self._running: dict[Future[Any], Job] = {}
        self._broken = 0
        self._gone = False

    def __len__(self) -> int:
        return len(self._running) + len(self._queue)

    def submit(self, job: Job) -> None:
        """Queue a job."""
        self._count += 1
        heapq.heappush(self._queue, (job.rank, self._count, job))
        self._feed()

    def _feed(self) -> None:
        """Hand the next jobs to the executor."""
        while self._queue and len(self._running) < DEPTH * self.width:
            job = heapq.heappop(self._queue)[2]
            try:
                self._running[self._executor.submit(job.function, *job.arguments)] = job
            except BrokenExecutor:
                self._revive([job])

    def finished(self, patience: float = 0.5) -> list[tuple[Job, Any]]:
        """What has ended, after waiting a little; a job's own exception is raised here."""
        done, _ = wait(self._running, timeout=patience, return_when=FIRST_COMPLETED)
        results, lost = [], []
        for future in done:
            job = self._running.pop(future)
            try:
                results.append((job, future.result()))
            except (BrokenExecutor, CancelledError):
                lost.append(job)
            except self._deadly as error:
                raise self._ended(_DEADLY) from error
        if results:
            self._broken = 0
        if lost:
            self._revive(lost)
            return results
        self._feed()
        words = self._trouble()
        if words and not done:
            raise self._ended(words)
        return results

    def _revive(self, lost: list[Job]) -> None:
        """A new executor, and everything unfinished once more."""
        self._broken += 1
        words = self._trouble()
        if words or self._broken > GIVE_UP:
            raise self._ended(words or _DEADLY)
        lost += self._running.values()
        self._running = {}
        self._executor.shutdown(wait=False)
        self._executor = self._start()
        for job in lost:
            self.submit(job)

    def _ended(self, words: str) -> InputError:
        self._gone = True
        return InputError(f"{words}; the same command goes on where it stopped", "workers")

    def gather(self, jobs: Sequence[Job]) -> list[Any]:
        """The results of these jobs, in their order; nothing else may be running."""
        waiting = [Job(job.function, job.arguments, place) for place, job in enumerate(jobs)]
        results: list[Any] = [None] * len(jobs)
        left = len(jobs)
        for job in waiting:
            self.submit(job)
        while left:
            for job, result in self.finished():
                results[job.owner] = result
                left -= 1
        return results

    def abandon(self) -> None:
        """Forget all jobs; what is being computed ends in vain."""
        # A process pool whose workers die stumbles over futures that were cancelled, with a
        # traceback on stderr; its tasks go with the workers.
        processes = isinstance(self._executor, ProcessPoolExecutor)
        if not self._gone and not processes:  # if gone, there is nobody to be told
            for future in self._running:
                future.cancel()
        self._running, self._queue = {}, []

    def close(self) -> None:
        """Stop everything now."""
        self.abandon()
        if not self._gone:
            self._executor.shutdown(wait=False)
        self._stop()


class _Spawn(SpawnContext):
    """Starts processes afresh, and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[SpawnProcess] = []

    def Process(self, *args: Any, **options: Any) -> SpawnProcess:  # type: ignore[override]
        """A process, as the executor asks for it."""
        self.started.append(SpawnProcess(*args, **options))
        return self.started[-1]


def local_crew(workers: int) -> Crew:
    """Processes on this machine, started afresh (no fork: the parent may have threads)."""
    context = _Spawn()

    def start() -> Executor:
        return ProcessPoolExecutor(workers, mp_context=context, initializer=start_local)

    def stop() -> None:
        # Python would wait for the tasks under way; nobody needs them any more.
        for process in context.started:
            if process.is_alive():
                process.terminate()

    return Crew(start, workers, stop)


def dask_crew(address: str, patience: float = PATIENCE) -> Crew:
    """The workers of a Dask scheduler; ``patience`` in seconds, see above.

    Raises InputError if ``distributed`` is not installed or nobody answers at the address.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError(
            "needs the package distributed: pip install 'cadlink[distributed]'", "--scheduler"
        ) from error
    make: Any = distributed.Client
    with foreign(f"no scheduler at {shortened(address)}", "--scheduler"):
        client = make(address, timeout=10, set_as_default=False)
    seen = time.monotonic()  # when the cluster was last seen to be whole
    lost: float | None = None  # since when it is not

    def trouble() -> str:
        nonlocal seen, lost
        now = time.monotonic()
        words = f"the scheduler {address} is gone"
        if client.status == "running":
            if lost is None and now - seen < PAUSE:
                return ""
            try:
                if client.nthreads():
                    seen, lost = now, None
                    return ""
                words = f"the scheduler {address} has no workers"
            except OSError:
                pass  # lost this moment
        lost = now if lost is None else lost
        return words if client.status == "closed" or now - lost > patience else ""

    threads = sum(client.nthreads().values())
    # pure=False: no job is looked up by its arguments' hash on the scheduler.
    return Crew(
        lambda: client.get_executor(pure=False),
        max(1, threads),
        client.close,
        trouble,
        (distributed.KilledWorker,),
    )
