import nbformat
import numpy as np
import pytest
from planes import layers
from sklearn.datasets import make_moons

from helpers import panels_genai_ex2
from helpers.knn import KNN
from helpers.toy_data import grid, moons
from submission.files import NOTEBOOKS


def test_the_text_says_what_the_classifier_predicts():
    X, y, _, _ = moons()
    shown = panels_genai_ex2.knn_panel()
    for k in 1, 5, 8, 512:
        model = KNN(k).fit(X, y)
        for query in (0.0, 1.0), (1.0, -0.5), (0.5, 0.25):
            _, sentence = shown.see(k=k, query=query)
            label = model.predict([query])[0]
            assert f"predicted class {label}." in sentence


@pytest.mark.parametrize("k", [1, 8])
def test_a_flipped_label_changes_regions_votes_and_accuracy(k):
    X, y, X_test, y_test = moons()
    shown = panels_genai_ex2.knn_panel()
    y[7] = 1 - y[7]
    model = KNN(k).fit(X, y)
    [plane, curve], sentence = shown.see(flipped=[7], k=k, query=tuple(X[7]))
    assert f"predicted class {model.predict(X[7])}." in sentence
    _, _, points = grid((-1.5, 2.5), (-1, 1.5), num=80)
    [regions] = layers(plane, "raster")
    assert np.array_equal(regions["codes"], model.predict(points))
    test = layers(curve, "line")[1]["xy"].reshape(-1, 2)
    accuracy = np.mean(model.predict(X_test) == y_test)
    assert test[test[:, 0] == k, 1] == pytest.approx(accuracy)


def test_the_accuracy_on_new_samples_is_what_fresh_ones_show():
    X, y, _, _ = moons()
    X_new, y_new = make_moons(10_000, noise=0.2, random_state=9)
    [_, curve], _ = panels_genai_ex2.knn_panel().see(k=27)
    new = layers(curve, "line")[0]["xy"].reshape(-1, 2)
    accuracy = np.mean(KNN(27).fit(X, y).predict(X_new) == y_new)
    assert new[new[:, 0] == 27, 1] == pytest.approx(accuracy, abs=0.01)


def test_notebooks_import_their_panels_in_the_panels_own_cells():
    for path in NOTEBOOKS.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            is_panel = "interactive" in cell.metadata.get("tags", [])
            assert is_panel or "helpers.panel" not in cell.source
