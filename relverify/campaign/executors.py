"""Where tasks run: processes of this machine, an executor that is given, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from relverify.errors import InputError, MissingDependency

CONNECT_SECONDS = 10


@contextmanager
def processes(jobs: int | None = None) -> Iterator[Executor]:
    """Processes of this machine, by default one a core; ended at once when the work is interrupted or killed."""
    # a fresh interpreter a worker: threads of torch and of the display do not survive a fork
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=spawn, initializer=_follow_parent)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _follow_parent() -> None:
    """End this worker with its parent: a parent that is killed cannot end it, and it would wait for work forever."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C, which a terminal sends to all; it is for this one, afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def dask_cluster(address: str) -> Iterator[Executor]:
    """The workers of a running Dask cluster, which must share the folder of the results with this machine.

    A task of a worker that dies is started again on another one.

    Parameters
    ----------
    address : str
        Of the scheduler, for instance ``tcp://127.0.0.1:8786``.

    Raises
    ------
    MissingDependency
        If dask.distributed is not installed.
    InputError
        If no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingDependency("distributed", "dask") from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        problem = f"no scheduler answers at {address[:80]!r} ({type(error).__name__})"
        raise InputError("dask", problem, "the address of a running scheduler, such as tcp://127.0.0.1:8786") from None
    try:
        # equal specifications are equal work, but a store that was cleared asks for it anew
        executor = client.get_executor(pure=False, retries=3)
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False)  # cancels what is under way
            raise
        executor.shutdown()
    finally:
        client.close()
