import ipywidgets as widgets
import pytest

from helpers import explore
from helpers.knn import KNN
from helpers.toy_data import grid, moons


@pytest.fixture
def knn_panel(monkeypatch):
    shown = []
    monkeypatch.setattr(explore, "display", shown.append)
    X, y, _, _ = moons()
    explore.knn_panel(X, y, *grid((-1.5, 2.5), (-1, 1.5), num=20))
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
