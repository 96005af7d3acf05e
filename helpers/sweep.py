"""A function called over a grid of settings, in parallel on any executor."""

import os
from concurrent.futures import (
    BrokenExecutor,
    ProcessPoolExecutor,
    as_completed,
)
from contextlib import contextmanager, nullcontext
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
        Where the calls run: by default a pool of processes on this machine,
        where calls that a dying worker took along are made once more;
        `dask.distributed.Client(...).get_executor()` is a cluster, which
        does that by itself.

    Returns
    -------
    list of (settings, result)
        In the order of the grid, the last name running fastest, whatever the
        order in which the calls end.

    Raises
    ------
    RuntimeError
        If a call raises or its worker dies; names the settings. If the
        executor breaks or takes no calls.

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
    results = {}
    try:
        with nullcontext(executor) if executor else _new_pool() as workers:
            _run(function, settings, workers, results)
    except BrokenExecutor as error:
        if executor:
            raise RuntimeError(
                f"The executor broke after {len(results)} of {len(settings)} "
                f"calls: {error}"
            ) from error
        for index in set(range(len(settings))) - results.keys():
            results[index] = _run_alone(function, settings[index])
    return [(s, results[index]) for index, s in enumerate(settings)]


def _run(function, settings, executor, results):
    """Make all calls; fill in the results as they come."""
    futures = {}
    try:
        for index, s in enumerate(settings):
            futures[executor.submit(function, **s)] = index
    except BrokenExecutor:
        raise
    except Exception as error:
        raise RuntimeError(
            f"The executor takes no calls; is it open? It says: {error!r}"
        ) from error
    try:
        for future in as_completed(futures):
            index = futures[future]
            results[index] = _result(future, settings[index])
            print(f"\r{len(results)} of {len(settings)} settings done", end="")
        print()
    finally:
        for future in futures:
            future.cancel()


def _result(future, settings):
    try:
        return future.result()
    except (BrokenExecutor, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit, too, ends only the call
        raise RuntimeError(
            f"The call with {settings} failed: {error!r}"
        ) from error


def _run_alone(function, settings):
    """Run in a process of its own, to see who it is that kills workers."""
    results = {}
    try:
        with _new_pool(1) as pool:
            _run(function, [settings], pool, results)
    except BrokenExecutor:
        raise RuntimeError(
            f"The worker of the call with {settings} died, or could not send "
            f"back what the call raised."
        ) from None
    return results[0]


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
