"""What tests look for in the planes of panels."""


def layers(plane, kind, label=None):
    """The layers of a kind, with a label if one is given."""
    return [
        layer
        for layer in plane.layers
        if layer["layer"] == kind and label in (None, *layer["labels"])
    ]


def line(plane, label):
    """The points of the line with a label."""
    [layer] = layers(plane, "line", label)
    return layer["xy"].reshape(-1, 2)
