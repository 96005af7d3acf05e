"""Checks of what comes in: each raises a ValueError that is one sentence."""

import operator

import numpy as np


def matrix(values, name, num_columns=None, dtype=np.float64):
    """Return `values` as a matrix of floats, or say what is wrong with it.

    Parameters
    ----------
    values : array-like of shape (n_samples, n_features)
    name : str
        The argument's name, for the message.
    num_columns : int, optional
        The number of columns it must have.
    dtype : data type, optional

    Raises
    ------
    ValueError
        If it is not two-dimensional, has no rows, or is of another width.
    """
    array = np.asarray(values, dtype)
    if array.ndim != 2 or len(array) == 0:
        raise ValueError(
            f"{name} must have shape (n_samples, n_features) with at least "
            f"one row, but its shape is {array.shape}."
        )
    if num_columns is not None and array.shape[1] != num_columns:
        raise ValueError(
            f"{name} must have {num_columns} columns, but it has "
            f"{array.shape[1]}."
        )
    return array


def finite_matrix(values, name, num_columns=None, dtype=np.float64):
    """`matrix`, but it must also hold neither NaN nor infinite values."""
    array = matrix(values, name, num_columns, dtype)
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} must be finite, but it holds NaN or infinite values; "
            f"remove or fill them first."
        )
    return array


def whole_number(value, name, low, high=None):
    """Return `value` as an int of at least `low` and at most `high`.

    Raises
    ------
    ValueError
        If it is not a whole number or lies outside the range.
    """
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    message = f"{name} must be a whole number {limits}, but it is {value!r}."
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(message) from None
    if number < low or (high is not None and number > high):
        raise ValueError(message)
    return number


def label_vector(labels, num_samples):
    """Return `labels` as a vector with one label for each sample.

    Raises
    ------
    ValueError
        If there is not exactly one label a sample.
    """
    vector = np.asarray(labels)
    if vector.shape != (num_samples,):
        raise ValueError(
            f"y must hold one label for each of the {num_samples} samples, "
            f"but its shape is {vector.shape}."
        )
    return vector
