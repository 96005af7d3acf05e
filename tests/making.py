"""Hand-ins made for tests, quickly: plain PDFs, notebooks and ZIPs."""

import base64
import io
import json
import warnings
import zipfile

from submission.check import check, guess_sheet
from submission.handin import Handin
from submission.sheets import load_sheets

SHEETS = load_sheets()
QUESTIONS = [question.id for question in SHEETS["genai-ex2"].questions]
CODE = "import numpy as np\nprint(np.arange(3).sum())"
NAME = "Grün-7654321"
DOT = base64.b64encode(b"\x89PNG").decode()


def pdf(*pages, pictures=0, drawn=b""):
    """A PDF of pages of text; fonts lack what Windows' code page lacks."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>"]
    numbers = [3 + 2 * i for i in range(len(pages))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects.append(f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode())
    images = f"/I {3 + 2 * len(pages)} 0 R"
    shown = b"/I Do " * pictures + drawn
    for number, page in zip(numbers, pages, strict=True):
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 900]/Contents "
            f"{number + 1} 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1"
            f"/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>>>"
            f"/XObject<<{images}>>>>>>".encode()
        )
        lines = b"".join(
            b"(" + escaped(line) + b") Tj 0 -10 Td\n"
            for line in page.split("\n")
        )
        content = b"BT /F 8 Tf 20 880 Td\n" + lines + b"ET " + shown
        objects.append(
            b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)
        )
        shown = b""
    objects.append(
        b"<</Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray"
        b"/BitsPerComponent 8/Length 1>>stream\n0\nendstream"
    )
    return assembled(objects)


def assembled(objects):
    """A PDF of these objects, numbered from 1, the catalogue first."""
    data, starts = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        starts.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(objects) + 1
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\n"
        b"startxref\n%d\n%%%%EOF" % (size, table, size, len(data))
    )


def escaped(line):
    """A line as a string of a PDF."""
    for mark in "\\()":
        line = line.replace(mark, f"\\{mark}")
    return line.encode("cp1252", "replace")


def text(source):
    """A cell of text, as JSON."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source=CODE, outputs=("3\n",), count=1, **more):
    """A cell of code and what it printed; a picture where that is None."""
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "execution_count": count,
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": output}
            if isinstance(output, str)
            else {
                "output_type": "display_data",
                "metadata": {},
                "data": {"image/png": DOT, "text/plain": "<Figure>"},
            }
            for output in outputs
        ],
        **more,
    }


def notebook(*cells, **more):
    """A notebook file."""
    node = {"cells": cells, "metadata": {}, "nbformat": 4}
    return json.dumps(node | {"nbformat_minor": 5} | more).encode()


class Info(zipfile.ZipInfo):
    """An entry whose name is written as these bytes, unmarked."""

    raw = None

    def _encodeFilenameFlags(self):
        if self.raw is None:
            return super()._encodeFilenameFlags()
        return self.raw, self.flag_bits & ~0x800


def zipped(files):
    """A ZIP of (name, data); a name may be bytes, or a ZipInfo."""
    buffer = io.BytesIO()
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        warnings.simplefilter("ignore")  # of names that come twice
        for name, data in files:
            info = name
            if not isinstance(name, zipfile.ZipInfo):
                info = Info("x" if isinstance(name, bytes) else name)
                info.raw = name if isinstance(name, bytes) else None
                info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w") as file:
                file.write(data)
    return buffer.getvalue()


def answers(form="Task {}", ids=QUESTIONS):
    """Cells that answer questions, under headings of some form."""
    cells = [text("# Exercise sheet 2"), code()]
    for question in ids:
        cells.append(text(f"## {form.format(question)}\n\nAn answer."))
    return cells


def report(form="Task {}", author=NAME, ids=QUESTIONS, more="", **options):
    """A report as a PDF that answers questions."""
    parts = [f"{form.format(question)}\nAn answer." for question in ids]
    title = "Exercise sheet 2\n" + ", ".join(author.rsplit("-", 1))
    return pdf(title, "\n".join([*parts, CODE, more]), **options)


def hand_in(*more, name=NAME, cells=None, document=None):
    """A correct hand-in of genai-ex2, and more or other files."""
    cells = answers() if cells is None else cells
    document = report(author=name) if document is None else document
    files = [(f"{name}.pdf", document), ("abgabe.ipynb", notebook(*cells))]
    return f"{name}.zip", zipped([*files, *more])


def results(name, data, sheet=None):
    """Rule -> its result, for a hand-in whose sheet is to be found."""
    handin = Handin(name, data)
    handin.sheet = sheet or guess_sheet(handin, SHEETS)
    assert handin.sheet, "its sheet is not known"
    return {result["rule"]: result for result in check(handin)}


def failed(name, data, sheet=None):
    """Rule -> the texts by which a hand-in fails."""
    return {
        rule: [p["text"] for p in result["problems"] if not p["look"]]
        for rule, result in results(name, data, sheet).items()
        if result["state"] == "fail"
    }
