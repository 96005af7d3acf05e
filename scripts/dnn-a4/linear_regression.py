"""Linear regression for MNIST by gradient descent (sheet dnn-a4, 1c and 1d).

    MNIST_DIR=folder python linear_regression.py [epochs]

The folder holds the four files of MNIST (*-ubyte.gz). Needs NumPy and
Matplotlib; saves its figure beside this script.
"""

import gzip
import os
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def read_idx(name):
    """An IDX file of bytes: two zeros, type, dimensions, shape, values."""
    path = Path(os.environ.get("MNIST_DIR", "data/mnist")) / name
    if not path.is_file():
        sys.exit(f"{path} is missing: set MNIST_DIR to the folder of MNIST.")
    content = gzip.decompress(path.read_bytes())
    start = 4 + 4 * content[3]
    shape = np.frombuffer(content[4:start], ">u4")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def load(kind):
    images = read_idx(f"{kind}-images-idx3-ubyte.gz")
    labels = read_idx(f"{kind}-labels-idx1-ubyte.gz")
    return images.reshape(len(images), -1) / 255, labels


def one_hot(y):
    return np.eye(10)[y]


def compute_scores(X, W, b):
    return X @ W + b


def predict(X, W, b):
    return compute_scores(X, W, b).argmax(axis=1)


def compute_accuracy(X, y, W, b):
    return np.mean(predict(X, W, b) == y)


def compute_loss(X, y, W, b):
    difference = compute_scores(X, W, b) - one_hot(y)
    return np.mean(np.sum(difference**2, axis=1))


def compute_gradients(X, y, W, b):
    slope = 2 * (compute_scores(X, W, b) - one_hot(y)) / len(X)
    return X.T @ slope, slope.sum(axis=0)


def train_epoch(X, y, W, b, learning_rate, batch_size):
    for i in range(0, len(X), batch_size):
        batch = slice(i, i + batch_size)
        gradients = compute_gradients(X[batch], y[batch], W, b)
        W -= learning_rate * gradients[0]
        b -= learning_rate * gradients[1]


def main(num_epochs=10, learning_rate=0.01, batch_size=100):
    X, y = load("train")
    sixth = len(X) // 6  # of the training images: the evaluation set
    sets = {
        "training": (X[sixth:], y[sixth:]),
        "evaluation": (X[:sixth], y[:sixth]),
    }
    W, b = np.full((X.shape[1], 10), 0.01), np.full(10, 0.01)
    errors = {name: [] for name in sets}
    for epoch in range(1, num_epochs + 1):
        train_epoch(*sets["training"], W, b, learning_rate, batch_size)
        for name in sets:
            errors[name].append(compute_loss(*sets[name], W, b))
        print(
            f"epoch {epoch}:",
            *(f"{k} error {v[-1]:.4f}" for k, v in errors.items()),
        )
    X_test, y_test = load("t10k")
    print(f"test error {compute_loss(X_test, y_test, W, b):.4f}")
    print(f"test accuracy {compute_accuracy(X_test, y_test, W, b):.4f}")

    fig = Figure(figsize=(6, 3), layout="constrained")
    ax = fig.subplots()
    for name, values in errors.items():
        ax.plot(range(1, num_epochs + 1), values, "o-", label=f"{name} error")
    ax.set(xlabel="epoch", ylabel="mean squared distance")
    ax.legend()
    fig.savefig(Path(__file__).with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
