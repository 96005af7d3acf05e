"""Gradients by differences, to check the derived ones against."""

import numpy as np

# Truncation and rounding together are smallest near these steps (float64).
BEST_STEP = {
    "forward": np.finfo(float).eps ** (1 / 2),
    "central": np.finfo(float).eps ** (1 / 3),
}


def numerical_gradient(f, weights, scheme="central", step=None):
    """The derivative of `f` in every single weight, by differences.

    Parameters
    ----------
    f : callable
        Takes an array like `weights`, returns a number.
    weights : array-like of real numbers
    scheme : {"central", "forward"}
        (f(w + h) - f(w - h)) / 2h, with an error of order h^2, or
        (f(w + h) - f(w)) / h, with an error of order h.
    step : float, optional
        h; by default the power of the machine epsilon that balances
        truncation against rounding, times |w| where that is above 1.

    Returns
    -------
    ndarray of float64, of the shape of `weights`

    Raises
    ------
    ValueError
        If there is no such scheme, or the weights are not real numbers.

    Examples
    --------
    >>> w = np.array([3.0, 1.0])
    >>> numerical_gradient(lambda w: w @ w, w).round(6)
    array([6., 2.])
    """
    if scheme not in BEST_STEP:
        raise ValueError(
            f"scheme must be 'central' or 'forward', but it is {scheme!r}."
        )
    if np.iscomplexobj(weights):
        raise ValueError("weights must be real numbers, but they are complex.")
    weights = np.asarray(weights, np.float64)
    gradient = np.empty(weights.shape)
    for index in np.ndindex(weights.shape):
        h = step or BEST_STEP[scheme] * max(1.0, abs(weights[index]))
        left = h if scheme == "central" else 0.0
        moved = weights.copy()
        moved[index] = weights[index] + h
        after = f(moved)
        moved[index] = weights[index] - left
        gradient[index] = (after - f(moved)) / (h + left)
    return gradient


def gradient_errors(f, gradient, weights, scheme="central", step=None):
    """Errors of a derived gradient, relative to its largest component.

    Not each relative to its own component: where that is nearly zero, the
    rounding of the differences would be mistaken for an error.

    Parameters
    ----------
    f, weights, scheme, step
        As in `numerical_gradient`.
    gradient : ndarray of the shape of `weights`
        The derived gradient of `f` at `weights`.

    Returns
    -------
    ndarray of the shape of `weights`

    Raises
    ------
    ValueError
        If the gradient has another shape.

    Examples
    --------
    >>> w = np.array([3.0, 1.0])
    >>> wrong = np.array([6.0, 3.0])
    >>> gradient_errors(lambda w: w @ w, wrong, w).round(6)
    array([0.      , 0.166667])
    """
    numerical = numerical_gradient(f, weights, scheme, step)
    if np.shape(gradient) != numerical.shape:
        raise ValueError(
            f"gradient must have the weights' shape {numerical.shape}, but "
            f"its shape is {np.shape(gradient)}."
        )
    scale = max(np.abs(gradient).max(), np.abs(numerical).max())
    return np.abs(gradient - numerical) / (scale or 1)
