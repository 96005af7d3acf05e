"""Several notebooks in one PDF: `python -m nbtypst a.ipynb b.ipynb`."""

import argparse
import logging
import sys
from pathlib import Path

import nbformat
from nbconvert.utils.exceptions import ConversionException

from nbtypst.exporter import TypstPDFExporter


def main(arguments=None):
    """Convert the notebooks; returns 1 if one cannot be converted."""
    parser = argparse.ArgumentParser("python -m nbtypst", description=__doc__)
    parser.add_argument("notebooks", nargs="+", type=Path, help="their files")
    parser.add_argument("-o", "--output", type=Path, help="the PDF's file")
    parser.add_argument("--title", default="", help="else the first's")
    parser.add_argument("--author", default="", help="on every page")
    parser.add_argument(
        "--strict", action="store_true", help="replace nothing"
    )
    options = parser.parse_args(arguments)
    output = options.output or options.notebooks[0].with_suffix(".pdf")
    exporter = TypstPDFExporter(
        title=options.title, author=options.author, strict=options.strict
    )
    exporter.log = logging.getLogger("nbtypst")
    notebooks, folders = {}, {}
    try:
        for file in options.notebooks:
            name = file.stem if file.stem not in notebooks else str(file)
            notebooks[name] = read(file)
            folders[name] = file.parent
        output.write_bytes(exporter.from_notebooks(notebooks, folders))
    except (OSError, ValueError, ConversionException) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"wrote {output}")
    return 0


def read(file):
    """A notebook of any format, as one of the newest.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no notebook.
    """
    text = file.read_text("utf-8")
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # of many kinds
        reason = str(error).split("\n")[0]
        raise ValueError(f"{file} is no notebook: {reason}") from None
    return notebook


if __name__ == "__main__":
    sys.exit(main())
