"""The table of contents in sheets.toml, or in a file of another course."""

import re
import tomllib
from dataclasses import dataclass

from submission.files import (
    NOTEBOOKS,
    ROOT,
    SCRIPTS,
    SubmissionError,
    relative,
)

SETS = "allowed_imports", "comparison_imports", "demands"
LISTS = "questions", "files", *SETS
NUMBER = re.compile(r"\w+(\.\w+)*")  # of a question, without words
NAME = re.compile(r"[^\W\d]\w*(\.\w+)*")  # as code writes it


@dataclass(frozen=True)
class Question:
    """A sub-question: its number, the notebook to answer it, its points."""

    id: str
    notebook: str = ""
    points: float = 0  # where the sheet states none


@dataclass(frozen=True)
class Sheet:
    """An exercise sheet, as sheets.toml describes it."""

    id: str
    questions: tuple[Question, ...]
    course: str = ""
    title: str = ""
    allowed_imports: frozenset[str] | None = None  # None: all
    comparison_imports: frozenset[str] = frozenset()
    demands: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()

    @property
    def ids(self):
        """The numbers of its questions."""
        return [question.id for question in self.questions]

    @property
    def notebooks(self):
        """Paths of the sheet's notebooks that exist, in order."""
        names = dict.fromkeys(q.notebook for q in self.questions if q.notebook)
        paths = [NOTEBOOKS / f"{name}.ipynb" for name in names]
        return [path for path in paths if path.exists()]

    @property
    def scripts(self):
        """Paths of the files that the sheet names."""
        return [SCRIPTS / self.id / name for name in self.files]


def load_sheets(path=ROOT / "sheets.toml"):
    """All sheets of a file by id; a SubmissionError if it is not as it says.

    A question is a table as in our file, or its number alone.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8-sig"))
        if not entries:
            raise ValueError("it is empty")
        return {name: sheet_of(name, entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise SubmissionError(
            f"{relative(path)} does not describe sheets: {error}. See "
            f"submission/CHECK.md for how it is written."
        ) from None


def sheet_of(sheet_id, entry):
    """A sheet from its table."""
    if not isinstance(entry, dict):
        raise TypeError(f"{sheet_id} stands outside of a table, [sheet-id]")
    for key, value in entry.items():
        if key not in Sheet.__annotations__ or key == "id":
            raise TypeError(f"{sheet_id} has {key!r}, which says nothing")
        kind, what = (list, "list") if key in LISTS else (str, "text")
        if not isinstance(value, kind):
            raise TypeError(f"{key!r} of {sheet_id} is not a {what}")
    for q in entry.get("questions", ()):
        keys = q.keys() if isinstance(q, dict) else {"id"}
        if not {"id"} <= keys <= Question.__annotations__.keys():
            raise TypeError(
                f"a question of {sheet_id} is {q}; it needs an id, and may "
                f"have a notebook and points"
            )
    questions = tuple(
        Question(**q) if isinstance(q, dict) else Question(str(q))
        for q in entry.get("questions", ())
    )
    ids = [question.id for question in questions]
    if not ids:
        raise ValueError(f"{sheet_id} has no questions")
    for text in ids:
        if not NUMBER.fullmatch(text):
            raise ValueError(f"{text!r} of {sheet_id} is no number")
    for text in (name for key in SETS for name in entry.get(key, ())):
        if not NAME.fullmatch(text):
            raise ValueError(f"{text!r} of {sheet_id} is no name in Python")
    entry |= {k: frozenset(entry[k]) for k in SETS if k in entry}
    files = map(str, entry.get("files", ()))
    entry |= {"questions": questions, "files": tuple(files)}
    return Sheet(sheet_id, **entry)


def find_in(sheets, sheet_id):
    """The sheet with this id; a SubmissionError if there is none."""
    if sheet_id not in sheets:
        raise SubmissionError(
            f"There is no sheet {sheet_id!r}; SHEET must be one of "
            f"{', '.join(sheets)}."
        )
    return sheets[sheet_id]


def find_sheet(sheet_id):
    """Our sheet with this id; a SubmissionError if it has no notebook."""
    sheet = find_in(load_sheets(), sheet_id)
    if not sheet.notebooks:
        raise SubmissionError(f"Sheet {sheet_id} has no notebook yet.")
    return sheet
