"""What is compared: each task makes its contestants, ours first.

The contestants of a task compute the same, which its `verify` asserts; a limit
does only what none of them can do without.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from helpers import bounds, mnist
from helpers.knn import KNN
from helpers.losses import SoftmaxCrossEntropy
from helpers.nearest import nearest_neighbours, smallest, squared_distances
from helpers.toy_data import digits, grid, moons
from helpers.training import add_bias, minibatches, train

ONE_THREAD = (
    "FAISS shares all of its work among the threads. Of ours, BLAS shares "
    "only the products; choosing and measuring rows, more than half of it, "
    "is left to one: see the same on one thread. Threads of our own, tried, "
    "meet the target on two as well, but then BLAS must be kept to one thread "
    "in each, which takes a package that no sheet allows in what is handed in."
)
SMALL_ARRAYS = (
    "Softmax of 128 rows of ten scores and the update of the weights are some "
    "twenty calls of NumPy on small arrays. Taken out one after the other, "
    "softmax is more than half of what our epoch needs beside its products, "
    "and the update a fifth."
)
BATCH_SIZE = 128
LEARNING_RATE = 0.1


@dataclass(frozen=True)
class Task:
    """Contestants, and the share of each one's time that ours may take.

    A target is None for a limit that only shows what is possible; `reasons`
    say why a target is missed, if it is.
    """

    title: str
    contestants: dict[str, Callable]
    targets: dict[str, float | None]
    rounds: int
    verify: Callable
    reasons: dict[str, str] = field(default_factory=dict)


def neighbours_of_mnist():
    """Exact k-NN at the size of MNIST, the model fitted every time."""
    data = mnist.load()
    X, queries = (
        np.float32(pixels) / np.float32(255)
        for pixels in (data.X_train, data.X_test)
    )
    k = 5

    def ours():
        return KNN(k).fit(X, data.y_train).kneighbours(queries)[0]

    def faiss():
        return by_faiss(X, queries, k)

    def sklearn():
        from sklearn.neighbors import NearestNeighbors

        model = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(X)
        return model.kneighbors(queries, return_distance=False)

    def verify():
        assert (ours() == faiss()).all()
        some = queries[::100].astype(np.float64)
        squared = squared_distances(some, X.astype(np.float64))
        assert (ours()[::100] == smallest(squared, k)).all()

    return Task(
        f"KNN.fit and .kneighbours, {len(X)} x 784, {len(queries)} queries, "
        f"k = {k}",
        {
            "ours": ours,
            "FAISS IndexFlatL2": faiss,
            "scikit-learn, brute": sklearn,
            "bare float32 matmul": partial(bare_matmul, X, queries),
        },
        {
            "FAISS IndexFlatL2": 0.5,
            "scikit-learn, brute": 0.2,
            "bare float32 matmul": None,
        },
        5,
        verify,
        {"FAISS IndexFlatL2": ONE_THREAD},
    )


def by_faiss(X, queries, k):
    """Indices of the nearest rows, the index made anew."""
    import faiss

    index = faiss.IndexFlatL2(X.shape[1])
    index.add(X)
    return index.search(queries, k)[1]


def classes_of_mnist():
    """k-NN as a classifier, from the bytes of the images as they are."""
    data = mnist.load()

    def ours():
        return KNN(5).fit(data.X_train, data.y_train).predict(data.X_test)

    def faiss():
        X, queries = np.float32(data.X_train), np.float32(data.X_test)
        labels = data.y_train[by_faiss(X, queries, 5)]
        return (labels[:, :, np.newaxis] == np.arange(10)).sum(1).argmax(1)

    def verify():
        assert (ours() == faiss()).all()

    return Task(
        "KNN.fit and .predict, MNIST's bytes, k = 5",
        {"ours": ours, "FAISS IndexFlatL2": faiss},
        {"FAISS IndexFlatL2": 0.5},
        5,
        verify,
        {"FAISS IndexFlatL2": ONE_THREAD},
    )


def neighbours_on_one_thread():
    """`neighbours_of_mnist` beside FAISS, where neither shares its work."""
    return _beside_faiss_on_one_thread(neighbours_of_mnist())


def classes_on_one_thread():
    """`classes_of_mnist`, where neither shares its work."""
    return _beside_faiss_on_one_thread(classes_of_mnist())


def _beside_faiss_on_one_thread(task):
    faiss = "FAISS IndexFlatL2"

    def on_one_thread(call):
        with threadpool_limits(1):
            return call()

    return replace(
        task,
        title=f"{task.title}, on one thread",
        contestants={
            name: partial(on_one_thread, task.contestants[name])
            for name in ("ours", faiss)
        },
        targets={faiss: task.targets[faiss]},
        reasons={},
    )


def neighbours_without_structure():
    """The worst case: random rows, of which no axes rule anything out."""
    rng = np.random.default_rng(0)
    X, queries = (rng.normal(size=(n, 784)) for n in (20000, 5000))

    def ours():
        return nearest_neighbours(X, queries, 5)[0]

    def without_axes():
        """The plain blocked search: a product of all features, exact."""
        lower = bounds.LowerBounds(X, np.zeros(784), None, 5)
        step = bounds.block_size(X)
        return np.concatenate(
            [
                lower.neighbours(queries[start : start + step])[0]
                for start in range(0, len(queries), step)
            ]
        )

    def verify():
        assert (ours() == without_axes()).all()

    X32, queries32 = np.float32(X), np.float32(queries)
    return Task(
        "exact k-NN, random 20000 x 784, 5000 queries, k = 5",
        {
            "ours": ours,
            "plain blocked search": without_axes,
            "bare float32 matmul": partial(bare_matmul, X32, queries32),
        },
        {"plain blocked search": 1.3, "bare float32 matmul": None},
        7,
        verify,
    )


def bare_matmul(X, queries, block_size=1024):
    """The product that all distances need, a block of queries at a time."""
    out = np.empty((len(X), block_size), np.float32)
    for start in range(0, len(queries), block_size):
        block = queries[start : start + block_size].T
        np.matmul(X, block, out=out[:, : block.shape[1]])


def decision_boundaries():
    """Sheet genai-ex2, question 1.6."""
    X, y, *_ = moons()
    points = grid((-1.5, 2.5), (-1, 1.5))[2]
    ks = [2**i for i in range(10)]

    def ours():
        return KNN(max(ks)).fit(X, y).predict_each(points, ks)

    def sklearn(algorithm):
        from sklearn.neighbors import KNeighborsClassifier

        return np.array(
            [
                KNeighborsClassifier(k, algorithm=algorithm)
                .fit(X, y)
                .predict(points)
                for k in ks
            ]
        )

    peers = {
        f"scikit-learn, {algorithm}": partial(sklearn, algorithm)
        for algorithm in ("brute", "kd_tree")
    }

    def verify():
        for peer in peers.values():
            assert (ours() == peer()).all()

    return Task(
        "ten decision boundaries, 900 x 2, 10000 points, k = 1 to 512",
        {"ours": ours, **peers},
        dict.fromkeys(peers, 0.2),
        15,
        verify,
    )


def _mnist_with_bias():
    data = mnist.load()
    X = add_bias(np.float32(data.X_train) / np.float32(255))
    return X, data.y_train.astype(np.int64)


def _softmax_epoch(shuffled):
    X, y = _mnist_with_bias()
    start = np.zeros((X.shape[1], 10), np.float32)

    def order():
        rng = np.random.default_rng(0) if shuffled else None
        return minibatches(len(X), BATCH_SIZE, rng, drop_last=True)

    def ours(dtype=np.float32):
        return train(
            SoftmaxCrossEntropy(),
            X.astype(dtype, copy=False),
            y,
            start,
            learning_rate=LEARNING_RATE,
            num_epochs=1,
            batch_size=BATCH_SIZE,
            rng=np.random.default_rng(0) if shuffled else None,
            drop_last=True,
        ).weights

    def bare():
        """The two products of every step, and the gather of its rows."""
        for batch in order():
            rows = X[batch]
            rows.T @ (rows @ start)

    def torch(num_threads):
        import torch

        torch.set_num_threads(num_threads)
        inputs, labels = torch.from_numpy(X), torch.from_numpy(y)
        weights = torch.zeros(start.shape, requires_grad=True)
        optimiser = torch.optim.SGD([weights], lr=LEARNING_RATE)
        for batch in order():
            some = batch if isinstance(batch, slice) else torch.tensor(batch)
            loss = torch.nn.functional.cross_entropy(
                inputs[some] @ weights, labels[some]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return weights.detach().numpy()

    peers = {f"PyTorch, {n} threads": partial(torch, n) for n in (1, 2)}

    def verify():
        reference = ours(np.float64)
        for call in ours, *peers.values():
            np.testing.assert_allclose(call(), reference, atol=1e-5)

    limit = "its matmuls and gather" if shuffled else "its bare matmuls"
    return Task(
        "softmax epoch on MNIST, batch 128, "
        + ("shuffled" if shuffled else "in order"),
        {"ours": ours, limit: bare, **peers},
        {limit: 1.5, **dict.fromkeys(peers, 0.5)},
        15,
        verify,
        {limit: SMALL_ARRAYS},
    )


def softmax_in_order():
    """An epoch of mini-batches in the order of the file."""
    return _softmax_epoch(shuffled=False)


def softmax_shuffled():
    """An epoch of shuffled mini-batches."""
    return _softmax_epoch(shuffled=True)


def softmax_on_digits():
    """Sheet genai-ex2, question 3.4: 1000 full steps with both curves."""
    X_train, y_train, X_test, y_test = digits()
    X_train, X_test = add_bias(X_train), add_bias(X_test)
    start = np.ones((X_train.shape[1], 10))
    start[-1] = 0
    num_steps, learning_rate = 1000, 0.001

    def ours():
        history = train(
            SoftmaxCrossEntropy(),
            X_train,
            y_train,
            start,
            learning_rate=learning_rate,
            num_epochs=num_steps,
            reduction="sum",
            monitors={"train": (X_train, y_train), "test": (X_test, y_test)},
            monitor_steps=range(num_steps + 1),
        )
        return history.weights, history.loss["test"], history.accuracy["test"]

    def straightforward():
        """As one writes it down: each curve and the gradient on its own."""

        def predict(X):
            exponentials = X @ weights
            exponentials -= exponentials.max(axis=1, keepdims=True)
            exponentials = np.exp(exponentials)
            return exponentials / exponentials.sum(axis=1, keepdims=True)

        weights = start.copy()
        sets = (X_train, y_train), (X_test, y_test)
        losses, accuracies = [], []
        for step in range(num_steps + 1):
            for X, y in sets:
                p = predict(X)
                losses.append(-np.log(p[np.arange(len(y)), y]).mean())
                p = predict(X)
                accuracies.append((p.argmax(axis=1) == y).mean())
            if step < num_steps:
                targets = np.eye(10)[y_train]
                p = predict(X_train)
                weights -= learning_rate * X_train.T @ (p - targets)
        return weights, np.array(losses[1::2]), np.array(accuracies[1::2])

    def bare():
        """The products that nothing can do without."""
        for _ in range(num_steps):
            X_train.T @ (X_train @ start)
            X_test @ start

    def verify():
        for found, expected in zip(ours(), straightforward(), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9)

    return Task(
        "softmax on digits, 1000 full steps, both curves",
        {
            "ours": ours,
            "straightforward NumPy": straightforward,
            "its bare matmuls": bare,
        },
        {"straightforward NumPy": 0.5, "its bare matmuls": 1.8},
        15,
        verify,
        {
            "its bare matmuls": "The matrices are small: exponentials, "
            "maxima, logarithms and the largest score of all samples, taken "
            "once each, need more time than the three products of a step. One "
            "fused pass, tried, saves a tenth of a step, but it needs labels "
            "where losses take any targets."
        },
    )


TASKS = [
    neighbours_of_mnist,
    classes_of_mnist,
    neighbours_on_one_thread,
    classes_on_one_thread,
    neighbours_without_structure,
    decision_boundaries,
    softmax_in_order,
    softmax_shuffled,
    softmax_on_digits,
]
