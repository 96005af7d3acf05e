"""Which files a notebook needs: its captions and the helpers it imports.

Standard library only: the Makefile asks before anything is installed.
"""

import ast

from submission.files import (
    BUILD,
    DATA,
    HELPERS,
    NOTEBOOKS,
    REPORTS,
    all_notebooks,
    cell_sources,
    relative,
)
from submission.sheets import load_sheets

FURNITURE = {  # what shows notebooks
    *("helpers", "IPython", "anywidget", "traitlets", "ipywidgets"),
    *("contourpy", "matplotlib_inline"),  # parts of Matplotlib
}


def code_of(path):
    """The code of a notebook file, its code cells joined, or of a module."""
    if path.suffix == ".py":
        return path.read_text("utf-8")
    return "\n\n".join(cell_sources(path, "code"))


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


def helper_files(*paths):
    """The files in helpers/, sorted, that code imports directly or in turn."""
    found, waiting = set(), list(paths)
    while waiting:
        for name in imported_modules(code_of(waiting.pop())):
            package, _, module = name.partition(".")
            file = HELPERS / f"{module or '__init__'}.py"
            if package == "helpers" and file.exists() and file not in found:
                found |= {file, HELPERS / "__init__.py"}
                waiting.append(file)
    return sorted(found)


def files_beside(modules):
    """What lies beside modules under their names, as panel.js does."""
    return sorted(
        file
        for module in modules
        for file in module.parent.glob(f"{module.stem}.*")
        if file.suffix != ".py"
    )


def caption_files(*notebooks):
    """The files with captions and answers that stand beside notebooks."""
    paths = [path.with_suffix(".toml") for path in notebooks]
    return [path for path in paths if path.exists()]


def panel_pictures(*notebooks):
    """The files of the pictures that stand for the panels of notebooks."""
    code = "\n".join(map(code_of, notebooks))
    pictures = sorted((NOTEBOOKS / "panels").glob("*.png"))
    return [path for path in pictures if f"{path.stem}()" in code]


def uses_mnist(*notebooks):
    """Whether one of some notebooks reads MNIST."""
    return HELPERS / "mnist.py" in helper_files(*notebooks)


def make_rules():
    """The Makefile's rules: what each executed notebook and PDF depends on."""
    lines = []
    for notebook in all_notebooks():
        needs = [*caption_files(notebook), *helper_files(notebook)]
        needs += [DATA / "source"] if uses_mnist(notebook) else []
        lines.append(f"{names([BUILD / notebook.name])}: {names(needs)}")
    for sheet in load_sheets().values():
        if sheet.notebooks:
            target = names([REPORTS / sheet.id])
            needs = names(BUILD / path.name for path in sheet.notebooks)
            lines += [
                f"PDFS += {target}$(ENGINE:%=-%).pdf",
                f"{target}.pdf {target}-latex.pdf: {needs}",
            ]
    return "\n".join(lines) + "\n"


def names(paths):
    """Paths as make reads them."""
    return " ".join(relative(path).as_posix() for path in paths)
