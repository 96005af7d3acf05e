"""Softmax cross-entropy and its gradient (sheet dnn-a4, 2b to 2d).

    python softmax.py

Checks the gradient at three random points and at large scores. Needs NumPy
and Matplotlib; saves its figure beside this script.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def softmax(a):
    exponentials = np.exp(a - a.max())  # the largest exponent is 0
    return exponentials / exponentials.sum()


def cross_entropy(a, y):
    shifted = a - a.max()
    return np.log(np.exp(shifted).sum()) - shifted[y]


def cross_entropy_gradient(a, y):
    gradient = softmax(a)
    gradient[y] -= 1
    return gradient


def numerical_gradient(a, y, h, scheme):
    gradient = np.empty(len(a))
    for i, unit in enumerate(np.eye(len(a))):
        after = cross_entropy(a + h * unit, y)
        if scheme == "forward":
            gradient[i] = (after - cross_entropy(a, y)) / h
        else:
            gradient[i] = (after - cross_entropy(a - h * unit, y)) / (2 * h)
    return gradient


def largest_error(a, y, h, scheme):
    difference = numerical_gradient(a, y, h, scheme) - cross_entropy_gradient(
        a, y
    )
    return np.abs(difference).max()


def main():
    rng = np.random.default_rng(0)
    points = [(rng.normal(size=10), rng.integers(10)) for _ in range(3)]
    h = 1e-3
    for number, (a, y) in enumerate(points, 1):
        print(f"point {number}: y = {y}, a =", a.round(2))
        print(f"  loss {cross_entropy(a, y):.4f}, largest error at h = {h}:")
        for scheme in "forward", "central":
            print(f"  {scheme} {largest_error(a, y, h, scheme):.1e}")
    large = [
        (1000 + rng.normal(size=10), rng.integers(10)) for _ in range(100)
    ]
    worst = max(largest_error(a, y, 1e-4, "central") for a, y in large)
    print("scores near 1000, all errors below 1e-7:", bool(worst < 1e-7))

    fig = Figure(figsize=(6, 3), layout="constrained")
    ax = fig.subplots()
    steps = 10.0 ** np.arange(-14, 0.5, 0.5)
    for scheme in "forward", "central":
        errors = [largest_error(*points[0], h, scheme) for h in steps]
        ax.loglog(
            steps, errors, "o-", markersize=3, label=f"{scheme} difference"
        )
    ax.set(xlabel="step h", ylabel="largest error at point 1")
    ax.legend()
    fig.savefig(Path(__file__).with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
