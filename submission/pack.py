"""The ZIP that is handed in: one PDF, the notebooks, the helpers, a README."""

import io
import sys
import zipfile
from importlib.metadata import packages_distributions, version

import nbformat

from submission.files import SubmissionError, relative
from submission.imports import (
    caption_files,
    code_of,
    files_beside,
    helper_files,
    imported_modules,
    panel_pictures,
    uses_mnist,
)

OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
README = """\
# {title}

{course}. `{name}.pdf` holds the answers, the figures and the code behind
them.

To run the notebooks you need Python 3.11 or newer:

```
python -m pip install {packages}
python -m jupyterlab
```

Open the notebooks in `notebooks/` and choose Run, Run All Cells. They import
the modules in `helpers/`, so keep the two folders side by side.
"""
MNIST_README = """
Set the environment variable `MNIST_DIR` to a folder with the four MNIST files
before you start JupyterLab.
"""


def refuse_missing(sheet):
    """Raise a SubmissionError if a script of the sheet is not written yet."""
    for script in sheet.scripts:
        if not script.exists():
            raise SubmissionError(f"{relative(script)} is not written yet.")


def submission_files(sheet, name, pdf, notebooks):
    """All files of a submission, as bytes by their path in the ZIP.

    Parameters
    ----------
    sheet : submission.sheets.Sheet
    name : str
        `Surname-MatriculationNumber`.
    pdf : bytes
    notebooks : dict of name -> NotebookNode
        Executed.
    """
    helpers = helper_files(*sheet.notebooks, *sheet.scripts)
    code = map(code_of, [*sheet.notebooks, *sheet.scripts, *helpers])
    readme = README.format(
        title=sheet.title,
        course=sheet.course,
        name=name,
        packages=" ".join(requirements(code)),
    )
    if uses_mnist(*sheet.notebooks):
        readme += MNIST_README
    files = {f"{name}.pdf": pdf, "README.md": readme.encode()}
    for stem, notebook in notebooks.items():
        text = nbformat.writes(signed(notebook, name)) + "\n"
        files[f"notebooks/{stem}.ipynb"] = text.encode()
    beside = [*files_beside(helpers), *caption_files(*sheet.notebooks)]
    beside += panel_pictures(*sheet.notebooks)
    for file in [*helpers, *beside]:
        files[relative(file).as_posix()] = file.read_bytes()
    return files | {path.name: path.read_bytes() for path in sheet.scripts}


def signed(notebook, name):
    """A copy of a notebook with name and number below its first text."""
    surname, _, number = name.rpartition("-")
    copy = nbformat.from_dict(notebook)
    text = next(cell for cell in copy.cells if cell.cell_type == "markdown")
    text.source += f"\n\n{surname}, matriculation number {number}"
    return copy


def requirements(code):
    """The packages that some code imports, pinned, and JupyterLab."""
    modules = set().union(*map(imported_modules, code))
    tops = {name.partition(".")[0] for name in modules}
    packages = packages_distributions()
    third_party = packages.keys() & tops - sys.stdlib_module_names
    names = {packages[top][0] for top in third_party} | {"jupyterlab"}
    return [f"{name}=={version(name)}" for name in sorted(names)]


def zip_bytes(files):
    """A ZIP of files by their path; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(path, OLDEST_ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the mode below counts
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()
