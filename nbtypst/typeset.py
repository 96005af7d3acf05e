"""Typst to PDF, in a process of its own, so that it can be stopped.

Run as a script: `typeset.py FOLDER [FONT_FOLDER ...]` makes `main.pdf` of
`main.typ`. What is wrong is printed, and the exit code is 1 then.
"""

import sys
from pathlib import Path

import typst

MEMORY = 3 * 2**30


def main(folder, *font_folders):
    """Make main.pdf; the same sources give the same bytes."""
    limit_memory()
    try:
        _, warnings = typst.compile_with_warnings(
            Path(folder, "main.typ"),
            Path(folder, "main.pdf"),
            format="pdf",
            pdf_standards=["ua-1"],
            ignore_system_fonts=True,
            font_paths=list(font_folders),
            timestamp=0,
        )
    except typst.TypstError as error:
        sys.exit(error.diagnostic)
    if warnings:
        sys.exit("\n".join(warning.diagnostic for warning in warnings))


def limit_memory():
    """Fail rather than use more; Windows has no such limit."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main(*sys.argv[1:])
