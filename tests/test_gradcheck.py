import numpy as np
import pytest

from helpers.gradcheck import gradient_errors, numerical_gradient


def cubic(w):
    return float((w**3).sum())


def test_every_weight_gets_its_own_derivative():
    w = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(
        numerical_gradient(cubic, w), 3 * w**2, atol=1e-8
    )
    assert (w == np.arange(6.0).reshape(2, 3)).all()


@pytest.mark.parametrize(
    "weights",
    [
        [1, 2],
        np.array([1, 2]),
        np.array([1, 2], np.uint8),
        np.float32([1, 2]),
        np.float16([1, 2]),
    ],
)
def test_weights_of_any_real_type_are_taken_as_float64(weights):
    found = numerical_gradient(cubic, weights)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [3, 12], rtol=1e-8)


@pytest.mark.parametrize("scheme", ["central", "forward"])
@pytest.mark.parametrize("scale", [-1e12, -1e6, 1e6, 1e11, 1e100])
def test_the_step_grows_with_the_weight(scale, scheme):
    w = np.array([1.0, scale])
    for i, expected in enumerate([3, 3 * scale**2]):
        found = numerical_gradient(lambda w, i=i: w[i] ** 3, w, scheme)[i]
        accuracy = 1e-9 if scheme == "central" else 1e-6
        assert found == pytest.approx(expected, rel=accuracy)


def test_by_default_each_scheme_is_about_as_good_as_it_can_be():
    w = np.array([1.3])
    for scheme, bound in ("forward", 1e-7), ("central", 1e-9):
        error = abs(
            numerical_gradient(lambda w: np.exp(w[0]), w, scheme)[0]
            - np.exp(1.3)
        )
        assert error < bound


def test_forward_errors_shrink_with_the_step_and_central_with_its_square():
    w = np.array([1.0])
    for scheme, order in ("forward", 1), ("central", 2):
        wide, narrow = (
            abs(numerical_gradient(cubic, w, scheme, step)[0] - 3)
            for step in (1e-2, 1e-3)
        )
        assert wide / narrow == pytest.approx(10**order, rel=0.02)


def test_a_single_wrong_weight_is_found():
    w = np.arange(1.0, 5.0)
    derived = 3 * w**2
    assert gradient_errors(cubic, derived, w).max() < 1e-9
    derived[1] *= 1.01
    errors = gradient_errors(cubic, derived, w)
    assert errors.argmax() == 1
    assert errors[1] > 1e-3
    assert np.delete(errors, 1).max() < 1e-9


def test_a_gradient_of_zero_has_no_error():
    errors = gradient_errors(lambda w: 1.0, np.zeros(2), np.ones(2))
    assert errors.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: numerical_gradient(cubic, np.ones(1), "backward"),
            "'central' or 'forward'",
        ),
        (lambda: numerical_gradient(cubic, [1j]), "they are complex"),
        (
            lambda: gradient_errors(cubic, np.ones(1), np.ones(3)),
            r"shape \(3,\), but its shape is \(1,\)",
        ),
    ],
)
def test_bad_use_is_explained(act, message):
    with pytest.raises(ValueError, match=message):
        act()
