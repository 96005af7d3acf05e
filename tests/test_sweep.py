import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from distributed import Client, LocalCluster

from helpers.losses import SquaredError
from helpers.sweep import sweep
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


@pytest.mark.filterwarnings("default")
def test_the_same_call_runs_on_a_dask_cluster():
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
