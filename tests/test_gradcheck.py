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


def test_an_unknown_scheme_is_refused():
    with pytest.raises(ValueError, match="'central' or 'forward'"):
        numerical_gradient(cubic, np.ones(1), "backward")
