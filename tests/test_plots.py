import numpy as np
import pytest

from helpers import plots


def test_each_query_is_in_the_middle_of_its_circles():
    centres, radii = np.array([[0.0, 1.0], [2.0, -1.0]]), [0.1, 0.4]
    samples = np.array([[0.0, 1.0], [2.0, -1.0]]), np.array([0, 1])
    fig = plots.circles_around(centres, {"k = 1": radii}, *samples)
    for ax, centre, radius in zip(fig.axes, centres, radii, strict=True):
        rim = next(li for li in ax.lines if li.get_label() == "k = 1")
        distances = np.linalg.norm(rim.get_xydata() - centre, axis=1)
        np.testing.assert_allclose(distances, radius)
        for low, high in (ax.get_xlim(), ax.get_ylim()):
            assert high > low
        middle = np.mean(ax.get_xlim()), np.mean(ax.get_ylim())
        assert middle == pytest.approx(tuple(centre))
