"""Threads that work ahead while results are used in the order of the tasks.

The heavy operations of numpy release the interpreter lock, so that threads share arrays and still use all cores. What
is done with the results happens in one thread and in a fixed order: bounds do not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from itertools import chain, islice
from types import TracebackType
from typing import TypeVar

from relverify.errors import InputError
from relverify.rigor.intervals import check_arithmetic

Task = TypeVar("Task")
Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def choose_threads(threads: int | None) -> int:
    """The number of threads: as given, or one a core.

    Raises
    ------
    InputError
        If the number is not between 1 and 1024.
    """
    if threads is None:
        return cores()
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 1024:
        raise InputError("threads", f"{str(threads)[:40]} is no number of threads", "an integer from 1 to 1024")
    return threads


class Pool:
    """A context with worker threads; with one thread all work is done by the caller.

    Parameters
    ----------
    threads : int

    Examples
    --------
    >>> with Pool(2) as pool:
    ...     list(pool.map(lambda k: k * k, range(5)))
    [0, 1, 4, 9, 16]
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._executor: ThreadPoolExecutor | None = None

    def __enter__(self) -> Pool:
        if self.threads > 1:
            self._executor = ThreadPoolExecutor(self.threads, "relverify", initializer=_check)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Results in the order of the tasks; at most two tasks a thread are begun ahead of use."""
        remaining = iter(tasks)
        ahead = list(islice(remaining, 2))
        if self._executor is None or len(ahead) < 2:
            yield from map(function, chain(ahead, remaining))
            return
        running: deque[Future[Result]] = deque(self._executor.submit(function, task) for task in ahead)
        try:
            for task in islice(remaining, 2 * self.threads - 2):
                running.append(self._executor.submit(function, task))
            while running:
                result = running.popleft().result()
                for task in islice(remaining, 1):
                    running.append(self._executor.submit(function, task))
                yield result
        except BrokenExecutor as error:
            raise InputError("threads", "arithmetic in a thread differs from IEEE 754", "one thread") from error
        finally:
            for future in running:
                future.cancel()


def _check() -> None:
    if not check_arithmetic():
        raise RuntimeError("arithmetic in a thread differs from IEEE 754")
