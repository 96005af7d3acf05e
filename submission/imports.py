"""Which helpers a notebook needs, found from its imports.

Standard library only: the Makefile asks before anything is installed.
"""

import ast
import json

from submission.files import BUILD, HELPERS, NOTEBOOKS, REPORTS, relative
from submission.sheets import load_sheets

FURNITURE = {"helpers", "IPython", "ipywidgets"}


def code_of(notebook):
    """The code of a notebook file, its code cells joined."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return "\n\n".join(
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code"
    )


def imported_modules(code):
    """Names of the modules that some code imports.

    Examples
    --------
    >>> sorted(imported_modules("import a.b; from c import d"))
    ['a.b', 'c', 'c.d']
    """
    return imported_in(ast.parse(code))


def imported_in(tree):
    """`imported_modules` of a syntax tree; relative ones start with a dot."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names.add(module)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def helper_files(notebook):
    """The files in helpers/ that a notebook imports, in turn or directly.

    Returns
    -------
    list of Path
        Sorted; empty when the notebook imports no helper.
    """
    found = set()
    waiting = [code_of(notebook)]
    while waiting:
        for name in imported_modules(waiting.pop()):
            package, _, module = name.partition(".")
            file = HELPERS / f"{module or '__init__'}.py"
            if package == "helpers" and file.exists() and file not in found:
                found |= {file, HELPERS / "__init__.py"}
                waiting.append(file.read_text("utf-8"))
    return sorted(found)


def uses_mnist(notebook):
    """Whether a notebook reads MNIST."""
    return HELPERS / "mnist.py" in helper_files(notebook)


def make_rules():
    """The Makefile's rules: what each executed notebook and PDF depends on."""
    lines = []
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        needs = [relative(file).as_posix() for file in helper_files(notebook)]
        if uses_mnist(notebook):
            needs.append("data/source")
        target = relative(BUILD / notebook.name).as_posix()
        lines.append(f"{target}: {' '.join(needs)}")
    for sheet in load_sheets().values():
        if not sheet.notebooks:
            continue
        needs = [
            relative(BUILD / path.name).as_posix() for path in sheet.notebooks
        ]
        target = relative(REPORTS / sheet.id).as_posix()
        lines += [
            f"pdfs: {target}$(ENGINE:%=-%).pdf",
            f"{target}.pdf {target}-latex.pdf: {' '.join(needs)}",
        ]
    return "\n".join(lines) + "\n"
