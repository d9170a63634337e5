"""Where tasks run: processes of this machine, an executor that is given, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from relverify.errors import InputError, MissingDependency

CONNECT_SECONDS = 10


@contextmanager
def processes(jobs: int | None = None) -> Iterator[Executor]:
    """Processes of this machine, by default one a core; ended at once when the work is interrupted."""
    # a fresh interpreter a worker: threads of torch and of the display do not survive a fork
    pool = ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    pool.shutdown()


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
        with client.get_executor(pure=False, retries=3) as executor:
            yield executor
    finally:
        client.close()
