"""A panel with every control, which says the values it was drawn at."""

from helpers.panel import (
    Button,
    Choice,
    Drawing,
    Handle,
    Panel,
    Pick,
    Plane,
    Slider,
    Time,
    Toggle,
)

START = {"k": 2, "step": 0, "spot": (0.5, 0.5), "picked": []}


def every_control():
    def draw(**values):
        plane = Plane("a plane", (0, 1), (0, 1), "x", "y", equal=True)
        plane.points([[0.2, 0.2], [0.8, 0.2]], [0, 1], pick="picked")
        bars = Plane("bars", (-1, 3), (0, 1), "digit", "height")
        bars.bars(range(3), [0.2, 0.4, values["level"][1]])
        values["ink"] = int(values.pop("ink").sum())
        x, y = values.pop("spot")
        level = values.pop("level")[1]
        if values["fails"]:
            raise ValueError("as it was asked to")
        words = [f"{name} {value};" for name, value in values.items()]
        spot = f"spot {x:.2f} {y:.2f}; level {level:.2f};"
        return [plane, bars], " ".join([*words, spot])

    return Panel(
        "Does every control answer?",
        draw,
        spot=Handle("spot", START["spot"], click=True),
        level=Handle("level", (2, 0.5), plane=1, along="y"),
        picked=Pick("point"),
        k=Slider("k", [1, 2, 3], START["k"]),
        step=Time("step", range(5), START["step"]),
        kind=Choice("kind", ["sum", "mean"], "sum"),
        fails=Toggle("fails"),
        presses=Button("press"),
        again=Button("start again", **START),
        ink=Drawing("digit"),
    )
