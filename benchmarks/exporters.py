"""Notebook to PDF by Typst, by TeX and by a browser.

`python -m benchmarks.exporters` writes nbtypst/benchmark.md. It needs what
nbconvert's own exporters need: pandoc and xelatex, and playwright with its
Chromium. A way that is missing is named.
"""

import base64
import io
import platform
from importlib.metadata import version

import numpy as np
from matplotlib.figure import Figure
from nbconvert.exporters import PDFExporter, WebPDFExporter
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from benchmarks.measure import interleaved
from nbtypst import TypstPDFExporter
from submission.files import ROOT, write_whole

NUM_CELLS, NUM_FIGURES, ROUNDS = 50, 10, 5
TARGET, MOST_SECONDS = 0.35, 1
TEXT = """## Section {n}

The model $f(x) = w^\\top x + b$ has the loss

$$
L(w) = \\frac{{1}}{{N}} \\sum_{{n=1}}^{{N}} \\left( f(x_n) - y_n \\right)^2 .
$$

- Its gradient is $\\nabla L = \\frac{{2}}{{N}} X^\\top (X w - y)$.
- **Section {n}** shows `w`.
"""
CODE = "\n".join(f"weights = weights - {n} * gradient" for n in range(12))
PAGE = """# How long a PDF takes

Written by `python -m benchmarks.exporters`. The notebook has {cells} cells and
{figures} figures. Every round converts it once each way, one after the other,
in one process: the median of {rounds} rounds, the smallest and the largest.
The browser has to fetch MathJax to set formulas; where it cannot, it is the
quicker for it. Measured on {system} with Python {python} and nbconvert
{nbconvert}.

| way | seconds | Typst in times of it | target | met |
|---|---|---|---|---|
{lines}
{missing}"""


def drawing(seed):
    """A PNG as matplotlib draws it into a notebook."""
    figure = Figure(figsize=(6, 3), dpi=100)
    figure.add_subplot().plot(np.random.default_rng(seed).normal(size=500))
    file = io.BytesIO()
    figure.savefig(file)
    return base64.b64encode(file.getvalue()).decode()


def notebook():
    """A notebook of texts, code, printed output and figures."""
    cells = [new_markdown_cell("# A notebook")]
    for n in range(1, NUM_CELLS):
        if n % 2:
            cells.append(new_markdown_cell(TEXT.format(n=n)))
            continue
        outputs = [new_output("stream", text="loss 0.25\n" * 5)]
        if n <= 2 * NUM_FIGURES:
            data = {"image/png": drawing(n), "text/plain": "<Figure>"}
            outputs.append(new_output("display_data", data))
        cells.append(new_code_cell(CODE, outputs=outputs, execution_count=n))
    return new_notebook(cells=cells)


def main():
    """Measure each way that is installed, and write the page."""
    node = notebook()
    exporters = {
        "Typst (`--to typst`)": TypstPDFExporter(),
        "TeX (`--to pdf`)": PDFExporter(),
        "a browser (`--to webpdf`)": WebPDFExporter(disable_sandbox=True),
    }
    ways, missing = {}, []
    for name, exporter in exporters.items():
        try:
            exporter.from_notebook_node(node)  # all that is loaded only once
        except Exception as error:  # each way has its own kinds
            reason = str(error).strip().split("\n")[-1]
            missing.append(f"\n{name} could not be measured: {reason}\n")
        else:
            ways[name] = lambda exporter=exporter: exporter.from_notebook_node(
                node
            )
    times = interleaved(ways, ROUNDS)
    ours = next(iter(times.values()))
    lines = []
    for name, seconds in times.items():
        median, ratio = np.median(seconds), np.median(ours / seconds)
        target, is_met = f"{TARGET}", ratio <= TARGET
        if seconds is ours:
            target, is_met = f"{MOST_SECONDS} s", median <= MOST_SECONDS
        lines.append(
            f"| {name} | {median:.2f} ({seconds.min():.2f} to "
            f"{seconds.max():.2f}) | {ratio:.2f} | {target} | "
            f"{'yes' if is_met else 'no'} |"
        )
    page = PAGE.format(
        cells=NUM_CELLS,
        figures=NUM_FIGURES,
        rounds=ROUNDS,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        nbconvert=version("nbconvert"),
        lines="\n".join(lines),
        missing="".join(missing),
    )
    write_whole(ROOT / "nbtypst" / "benchmark.md", page.encode())
    print(page)


if __name__ == "__main__":
    main()
