import ipywidgets as widgets
import nbformat
import numpy as np
import pytest

from helpers import old_panel as panel
from helpers import panels_genai_ex2, panels_tdt4265_a1
from helpers.knn import KNN
from helpers.lls import LinearLeastSquares
from helpers.losses import SoftmaxCrossEntropy
from helpers.toy_data import digits, grid, moons, outlier_blobs
from helpers.training import add_bias, train
from submission.files import NOTEBOOKS


@pytest.fixture
def shown(monkeypatch):
    """Collect the panels that are displayed."""
    panels = []
    monkeypatch.setattr(panel, "display", panels.append)
    return panels


@pytest.fixture
def knn_panel(shown):
    X, y, _, _ = moons()
    panels_genai_ex2.knn_panel(X, y, *grid((-1.5, 2.5), (-1, 1.5), num=20))
    return shown[0].children


def test_moving_a_slider_redraws_the_figure_and_the_text(knn_panel):
    k, query1, _, text, image = knn_panel
    for slider, value in (k, k.options[-1]), (query1, 1.0):
        before = text.value, image.value
        slider.value = value
        assert text.value != before[0]
        assert image.value != before[1]


def test_the_text_says_what_the_classifier_predicts(knn_panel):
    k, query1, query2, text, image = knn_panel
    X, y, _, _ = moons()
    for query in (0.0, 1.0), (1.0, -0.5):
        query1.value, query2.value = query
        label = KNN(k.value).fit(X, y).predict([query])[0]
        assert f"predicted class {label};" in text.value
    assert isinstance(image, widgets.Image)


def test_the_least_squares_panel_reports_the_fit_at_the_slider(shown):
    panels_genai_ex2.lls_panel()
    slider, text, image = shown[0].children
    before = image.value
    slider.value = 16
    theta = LinearLeastSquares().fit(*outlier_blobs(16)[:2]).theta
    assert "theta = ({:.3f}, {:.3f}, {:.3f})".format(*theta) in text.value
    assert image.value != before


def test_the_softmax_panel_reports_the_accuracy_at_its_sliders(shown):
    X, y, X_test, y_test = digits()
    X, X_test = add_bias(X), add_bias(X_test)
    panels_genai_ex2.softmax_panel(X, y, X_test, y_test, np.zeros((65, 10)))
    rate, steps, text, image = shown[0].children
    before = image.value
    rate.value, steps.value = 0.003, 40
    weights = train(
        SoftmaxCrossEntropy(),
        X,
        y,
        np.zeros((65, 10)),
        learning_rate=0.003,
        num_epochs=40,
        reduction="sum",
    ).weights
    correct = np.mean((X_test @ weights).argmax(axis=1) == y_test)
    assert f"{correct:.3f} on the test set" in text.value
    assert image.value != before


def test_the_weight_panel_shows_the_class_and_penalty_chosen(shown):
    pictures = {0.0: np.eye(3, 4), 1.0: -2 * np.eye(3, 4)}
    panels_tdt4265_a1.weight_panel(pictures)
    number, l2, text, image = shown[0].children
    before = image.value
    number.value, l2.value = 2, 1.0
    assert text.value == "class 2, lambda 1: weights from -2.0000 to -0.0000"
    assert image.value != before


def test_the_digit_panel_starts_with_the_worst_mistake(shown):
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    panels_tdt4265_a1.digit_panel(
        np.eye(3, 4), probabilities, np.array([0, 1, 0])
    )
    rank, text, image = shown[0].children
    assert text.value.startswith("image 1: a 1, taken for a 0 with prob")
    before = image.value
    rank.value = 2
    assert text.value.startswith("image 0: a 0, taken for a 0")
    assert image.value != before


def test_without_ipywidgets_a_panel_says_what_it_needs(
    shown, monkeypatch, capsys
):
    monkeypatch.setattr(panel, "widgets", None)
    panels_genai_ex2.lls_panel()
    assert not shown
    assert "pip install ipywidgets" in capsys.readouterr().out


def test_notebooks_import_their_panels_in_the_panels_own_cells():
    for path in NOTEBOOKS.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            is_panel = "interactive" in cell.metadata.get("tags", [])
            assert is_panel or "helpers.panel" not in cell.source
