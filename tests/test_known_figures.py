"""Figures known from elsewhere are those that the notebooks computed.

They were computed on the real data with code that shares nothing with this
project. A figure counts as found when a stored output holds it as a number.
"""

import re

import pytest

from submission.files import NOTEBOOKS
from submission.notebook import read, text_of

KNOWN = {
    "01_knn": """
        453 447 0.5033 0.4967
        0.94 0.96 0.95 0.99 0.97 0.80 0.47
        867 868 869 0.971 2.02
    """,
    "02_lls_outliers": """
        -0.9397 -0.8992 0.9119 -0.9841 -0.8297 0.9018 -1.1502 -0.5557 0.8509
        1.00 0.98 0.93
        0.012 0.051 0.187 0.490 0.797 -39.42 -8.79 1476 62
    """,
    "03_softmax_digits": """
        0.9903 0.9644 434 3101.6 0.80
        446 0.0042 441 0.1435
    """,
    "04_mnist_linear_regression": """
        0.3988 0.8509 0.3997 0.3960 77.87
        0.3804 0.4070 0.3845 0.8615 711 9577
        0.8750 0.9090 0.9152 0.9110 371
    """,
    "06_mnist_logistic_regression": """
        4005 1929 2042 0.065091 0.065228 0.979276 0.978942
        1039 33 186 0.0629
    """,
    "07_mnist_softmax_regression": """
        0.280034 0.299024 0.9225 0.9157 0.9080 0.8926 0.9388
        0.7870 0.361 0.9147 21.352
        0.0342919288 0.0378273060 0.0237744647
        0.8712 0.9089 0.8990 0.9360 0.6600 2.52 2.88
    """,
}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def numbers(text):
    """The numbers in a text, typographic minus signs and spaces undone."""
    text = text.replace("−", "-")
    return set(NUMBER.findall(re.sub(r"(?<=\d)\xa0(?=\d{3})", "", text)))


@pytest.mark.parametrize("name", KNOWN)
def test_a_notebook_computed_the_known_figures(name):
    notebook = read(NOTEBOOKS / f"{name}.ipynb")
    computed = numbers("\n".join(map(text_of, notebook.cells)))
    assert set(KNOWN[name].split()) <= computed
