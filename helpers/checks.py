"""Checks of what comes in: each raises a ValueError that is one sentence."""

import operator

import numpy as np


def matrix(values, name, num_columns=None, dtype=None):
    """Return `values` as a matrix of real numbers, or say what is wrong.

    Parameters
    ----------
    values : array-like of shape (n_samples, n_features)
    name : str
        The argument's name, for the message.
    num_columns : int, optional
        The number of columns it must have.
    dtype : data type, optional
        By default the one it has; float64 if that is none of NumPy's numbers
        of up to 64 bits.

    Raises
    ------
    ValueError
        If it does not hold real numbers, is not two-dimensional, has no rows
        or columns, or is of another width.
    """
    if hasattr(values, "toarray"):
        raise ValueError(
            f"{name} is sparse, but must be dense; call {name}.toarray()."
        )
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values; fill or remove them.")
    array = np.asarray(values)
    if array.dtype.kind not in "biufO":
        raise ValueError(
            f"{name} must hold real numbers, but its type is {array.dtype}."
        )
    if dtype is None and (array.dtype.kind == "O" or array.itemsize > 8):
        dtype = np.float64
    array = array.astype(dtype or array.dtype, copy=False)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name} must have shape (n_samples, n_features) with at least "
            f"one of each, but its shape is {array.shape}. Reshape your data:"
            f" one row is [row], one column is values[:, np.newaxis]."
        )
    if num_columns is not None and array.shape[1] != num_columns:
        raise ValueError(
            f"{name} must have {num_columns} columns, but it has "
            f"{array.shape[1]}."
        )
    return array


def finite_matrix(values, name, num_columns=None, dtype=None):
    """`matrix`, but it must also hold neither NaN nor infinite values."""
    array = matrix(values, name, num_columns, dtype)
    if not np.isfinite([array.min(), array.max()]).all():
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


def number(value, name, low):
    """Return `value`, a finite number of at least `low`, or say it is none."""
    try:
        fits = low <= float(value) < np.inf
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            f"{name} must be a finite number of at least {low}, but it is "
            f"{value!r}."
        )
    return value


def label_vector(labels, num_samples):
    """Return `labels` as a vector with one label for each sample.

    Raises
    ------
    ValueError
        If there is not exactly one label a sample, or one is no class: not
        finite, or a fraction.
    """
    vector = np.asarray(labels)
    if vector.shape != (num_samples,):
        raise ValueError(
            f"y must hold one label for each of the {num_samples} samples, "
            f"but its shape is {vector.shape}."
        )
    if vector.dtype.kind == "f":
        are_classes = np.isfinite(vector) & (vector == np.round(vector))
    else:
        are_classes = vector.dtype.kind != "c"
    if not np.all(are_classes):
        raise ValueError(
            "y must hold classes: names or whole numbers, but it holds NaN, "
            "infinity, fractions or complex numbers."
        )
    return vector
