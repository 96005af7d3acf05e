"""A function called over a grid of settings, in parallel on any executor."""

import os
from concurrent.futures import (
    BrokenExecutor,
    ProcessPoolExecutor,
    as_completed,
)
from contextlib import contextmanager
from itertools import product
from multiprocessing import get_context

BLAS_THREADS = (
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def sweep(function, grid, executor=None):
    """Call a function with every combination of settings, in parallel.

    Parameters
    ----------
    function : callable
        Takes the settings by name. Worker processes must be able to import
        it, so it cannot be defined in a notebook.
    grid : dict of name -> values
    executor : concurrent.futures.Executor, optional
        Where the calls run: by default a pool of processes on this machine;
        `dask.distributed.Client(...).get_executor()` is a cluster.

    Returns
    -------
    list of (settings, result)
        In the order of the grid, the last name running fastest, whatever the
        order in which the calls end.

    Raises
    ------
    RuntimeError
        If a call raises or its worker dies; names the settings.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor() as threads:  # doctest: +NORMALIZE_WHITESPACE
    ...     sweep(pow, {"base": [2, 3], "exp": [4]}, threads)
    1 of 2 settings done 2 of 2 settings done
    [({'base': 2, 'exp': 4}, 16), ({'base': 3, 'exp': 4}, 81)]
    """
    settings = [
        dict(zip(grid, values, strict=True))
        for values in product(*grid.values())
    ]
    if executor is None:
        with _new_pool() as pool:
            return sweep(function, grid, pool)
    futures = {}
    try:
        for s in settings:
            futures[executor.submit(function, **s)] = s
        for count, future in enumerate(as_completed(futures), 1):
            future.result()
            print(f"\r{count} of {len(futures)} settings done", end="")
        print()
    except BrokenExecutor:
        futures = {_run_alone(function, s): s for s in settings}
    except Exception as error:
        raise RuntimeError(
            f"The call with {futures[future]} failed: {error!r}"
        ) from error
    finally:
        for future in futures:
            future.cancel()
    return [(s, future.result()) for future, s in futures.items()]


@contextmanager
def _new_pool(num_workers=None):
    """Processes that start afresh, which works the same on every system.

    Each has one BLAS thread: with more they fight over the cores, which made
    a sweep on two cores take four times as long.
    """
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))  # workers inherit it
    try:
        with ProcessPoolExecutor(num_workers, get_context("spawn")) as pool:
            yield pool
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run_alone(function, settings):
    """Run in a process of its own, to see who it is that kills workers."""
    with _new_pool(1) as pool:
        future = pool.submit(function, **settings)
        try:
            future.result()
        except BrokenExecutor:
            raise RuntimeError(
                f"The worker of the call with {settings} died."
            ) from None
    return future
