import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

import helpers.sweep
from helpers.losses import SquaredError
from helpers.sweep import BLAS_THREADS, sweep
from helpers.training import train

GRID = {"learning_rate": [0.3, 0.1, 1e200], "num_epochs": [4, 3]}


def small_training(learning_rate, num_epochs):
    """A training whose weights depend on both settings."""
    X = np.array([[1.0, 1.0], [-2.0, 1.0], [0.5, 1.0]])
    history = train(
        SquaredError(),
        X,
        [0, 1, 0],
        np.zeros((2, 2)),
        learning_rate=learning_rate,
        num_epochs=num_epochs,
    )
    return history.diverged, history.weights.tolist()


def later_first(number):
    """Ends the sooner the larger the number is."""
    time.sleep(0.2 / (number + 1))
    return number**2


def kills_its_worker_at(number, fatal):
    if number == fatal:
        os._exit(1)
    return number


def kills_its_worker_once(number, marks):
    """The first call of number 1 dies; each call leaves a mark."""
    mark = Path(marks, str(number))
    first = not mark.exists()
    with mark.open("a") as file:
        file.write("x")
    if number == 1 and first:
        os._exit(1)
    return number**2


def environment(name):
    return os.environ.get(name)


def exits(number):
    sys.exit(number)


class CannotTravel(Exception):
    """Pickled without what it needs to be made again."""

    def __init__(self, one, two):
        super().__init__(one)


def raises_what_cannot_travel(number):
    raise CannotTravel(1, 2)


def raises_at_two(number):
    return 1 / (number - 2)


def processes(count):
    return ProcessPoolExecutor(count, get_context("spawn"))


def expected():
    return [
        (s, small_training(**s))
        for s in (
            {"learning_rate": rate, "num_epochs": epochs}
            for rate in GRID["learning_rate"]
            for epochs in GRID["num_epochs"]
        )
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_any_number_of_workers_gives_the_results_in_grid_order(count):
    with processes(count) as executor:
        found = sweep(small_training, GRID, executor)
    assert repr(found) == repr(expected())


def test_processes_of_this_machine_are_the_default():
    assert repr(sweep(small_training, GRID)) == repr(expected())


def test_results_come_in_grid_order_whatever_the_order_of_completion():
    with ThreadPoolExecutor(4) as executor:
        found = sweep(later_first, {"number": [0, 1, 2, 3]}, executor)
    assert [result for _, result in found] == [0, 1, 4, 9]


def test_progress_is_shown(capsys):
    with ThreadPoolExecutor(1) as executor:
        sweep(later_first, {"number": [5, 6]}, executor)
    assert capsys.readouterr().out.endswith("\r2 of 2 settings done\n")


def test_a_training_that_diverges_is_a_result():
    with ThreadPoolExecutor(1) as executor:
        found = sweep(small_training, GRID, executor)
    diverged = {s["learning_rate"]: result[0] for s, result in found}
    assert diverged == {0.3: False, 0.1: False, 1e200: True}


def test_a_call_that_raises_names_its_settings():
    with (
        ThreadPoolExecutor(2) as executor,
        pytest.raises(RuntimeError, match=r"\{'number': 2\} failed: ZeroDiv"),
    ):
        sweep(raises_at_two, {"number": [0, 1, 2, 3]}, executor)


def test_a_worker_that_dies_names_its_settings():
    grid = {"number": [0, 1, 2, 3], "fatal": [2]}
    with pytest.raises(RuntimeError, match=r"'number': 2.*died"):
        sweep(kills_its_worker_at, grid)


def test_a_death_that_does_not_come_again_costs_only_the_calls_after_it(
    tmp_path, monkeypatch
):
    new_pool = helpers.sweep._new_pool  # of one process: the calls in order
    monkeypatch.setattr(helpers.sweep, "_new_pool", lambda *_: new_pool(1))
    found = sweep(
        kills_its_worker_once, {"number": range(4), "marks": [str(tmp_path)]}
    )
    assert [result for _, result in found] == [0, 1, 4, 9]
    assert (tmp_path / "0").read_text() == "x"
    assert (tmp_path / "1").read_text() == "xx"


def test_workers_have_one_thread_and_the_environment_stays(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    found = sweep(environment, {"name": BLAS_THREADS})
    assert [result for _, result in found] == ["1"] * len(BLAS_THREADS)
    assert dict(os.environ) == before


@pytest.mark.parametrize("executor", [ThreadPoolExecutor(1), processes(1), 3])
def test_an_executor_that_takes_no_calls_is_named(executor):
    if executor != 3:
        executor.shutdown()
    with pytest.raises(RuntimeError, match="The executor takes no calls"):
        sweep(later_first, {"number": [5]}, executor)


def test_a_given_executor_that_breaks_is_not_replaced_by_this_machine():
    grid = {"number": [0, 1, 2], "fatal": [1]}
    with (
        processes(1) as executor,
        pytest.raises(RuntimeError, match=r"The executor broke after 1 of 3"),
    ):
        sweep(kills_its_worker_at, grid, executor)


def test_an_exit_in_a_call_ends_that_call_alone():
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(RuntimeError, match=r"\{'number': 3\} failed: SystemEx"),
    ):
        sweep(exits, {"number": [3]}, executor)


def test_an_exception_that_cannot_travel_is_not_called_a_death_for_certain():
    with pytest.raises(RuntimeError, match="died, or could not send back"):
        sweep(raises_what_cannot_travel, {"number": [3]})


@pytest.mark.filterwarnings("default")
def test_the_same_call_runs_on_a_dask_cluster_that_replaces_workers(tmp_path):
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        Client(cluster) as client,
    ):
        found = sweep(small_training, GRID, client.get_executor())
        assert repr(found) == repr(expected())
        with pytest.raises(RuntimeError, match=r"\{'number': 2\} failed"):
            sweep(raises_at_two, {"number": [2]}, client.get_executor())
        grid = {"number": range(4), "marks": [str(tmp_path)]}
        found = sweep(kills_its_worker_once, grid, client.get_executor())
        assert [result for _, result in found] == [0, 1, 4, 9]
