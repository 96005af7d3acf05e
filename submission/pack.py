"""The ZIP that is handed in: one PDF, the notebooks, the helpers, a README."""

import io
import re
import sys
import unicodedata
import zipfile
from importlib.metadata import packages_distributions, version

import nbformat

from submission.files import ROOT, SubmissionError
from submission.imports import (
    code_of,
    helper_files,
    imported_modules,
    uses_mnist,
)

OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
LETTER = r"[^\W\d_]"
SURNAME = rf"['’]?{LETTER}+(?:(?:\. |[ '’.-]){LETTER}+)*"
NUMBER = "[0-9]+"
NAME = re.compile(f"(?P<surname>{SURNAME})-(?P<number>{NUMBER})")
README = """\
# {title}

{course}. `{name}.pdf` holds the code, the figures and the answers.

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


def submission_name(surname, matriculation):
    """`Surname-MatriculationNumber`, the surname in Unicode normal form C.

    Raises
    ------
    SubmissionError
        If the surname holds anything but letters, spaces, apostrophes,
        hyphens and dots inside, or the number anything but digits.

    Examples
    --------
    >>> submission_name("van der Berg", "0123456")
    'van der Berg-0123456'
    """
    surname = unicodedata.normalize("NFC", surname)
    if not re.fullmatch(SURNAME, surname):
        raise SubmissionError(
            f"The surname {surname!r} cannot be used in a file name; give "
            f"SURNAME as letters, with spaces, hyphens, apostrophes or dots "
            f"between them."
        )
    if not re.fullmatch(NUMBER, matriculation):
        raise SubmissionError(
            f"The matriculation number {matriculation!r} is not a number; "
            f"give MATRICULATION as digits only."
        )
    return f"{surname}-{matriculation}"


def submission_files(sheet, name, pdf, notebooks):
    """All files of a submission.

    Parameters
    ----------
    sheet : submission.sheets.Sheet
    name : str
        As `submission_name` gives it.
    pdf : bytes
    notebooks : dict of name -> NotebookNode
        Executed.

    Returns
    -------
    dict of path in the ZIP -> bytes
    """
    helpers = {file for path in sheet.notebooks for file in helper_files(path)}
    code = [code_of(path) for path in sheet.notebooks]
    code += [file.read_text("utf-8") for file in helpers]
    readme = README.format(
        title=sheet.title,
        course=sheet.course,
        name=name,
        packages=" ".join(requirements(code)),
    )
    if any(map(uses_mnist, sheet.notebooks)):
        readme += MNIST_README
    files = {f"{name}.pdf": pdf, "README.md": readme.encode()}
    for stem, notebook in notebooks.items():
        text = nbformat.writes(signed(notebook, name)) + "\n"
        files[f"notebooks/{stem}.ipynb"] = text.encode()
    for file in helpers:
        files[file.relative_to(ROOT).as_posix()] = file.read_bytes()
    return files


def signed(notebook, name):
    """A copy of a notebook with name and number below its first text."""
    surname, _, number = name.rpartition("-")
    copy = nbformat.from_dict(notebook)
    text = next(cell for cell in copy.cells if cell.cell_type == "markdown")
    text.source += f"\n\n{surname}, matriculation number {number}"
    return copy


def requirements(code):
    """The packages that some code imports, pinned, and JupyterLab."""
    tops = {
        name.partition(".")[0] for c in code for name in imported_modules(c)
    }
    packages = packages_distributions()
    found = {
        packages[top][0]
        for top in tops - set(sys.stdlib_module_names)
        if top in packages
    }
    return [
        f"{name}=={version(name)}" for name in sorted({*found, "jupyterlab"})
    ]


def zip_bytes(files):
    """A ZIP of the files; the same files give the same bytes.

    Parameters
    ----------
    files : dict of path in the ZIP -> bytes
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(path, OLDEST_ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the mode below counts
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()
