"""Which helpers a notebook needs, found from its imports.

Standard library only: the Makefile asks before anything is installed.
"""

import ast
import json
import sys

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
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
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


def forbidden_imports(sheet):
    """What a sheet's code imports although the sheet does not allow it.

    Returns
    -------
    list of str
        A sentence for each notebook or helper and package.
    """
    allowed = sheet.allowed_imports | sys.stdlib_module_names | FURNITURE
    code = {path: code_of(path) for path in sheet.notebooks}
    for file in {f for path in sheet.notebooks for f in helper_files(path)}:
        code[file] = file.read_text("utf-8")
    return [
        f"{relative(file)} imports {package}, which the sheet does not allow."
        for file, text in sorted(code.items())
        for package in sorted(
            {name.partition(".")[0] for name in imported_modules(text)}
            - allowed
        )
    ]


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
        target = relative(REPORTS / f"{sheet.id}.pdf").as_posix()
        lines += [f"pdf: {target}", f"{target}: {' '.join(needs)}"]
    return "\n".join(lines) + "\n"
