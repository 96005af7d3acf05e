"""The table of contents in sheets.toml, and what the notebooks answer."""

import json
import re
import tomllib
from dataclasses import dataclass

from submission.files import NOTEBOOKS, ROOT, SubmissionError


@dataclass(frozen=True)
class Question:
    """A sub-question: its number, its points, the notebook to answer it."""

    id: str
    points: float
    notebook: str


@dataclass(frozen=True)
class Sheet:
    """An exercise sheet, as sheets.toml describes it."""

    id: str
    course: str
    title: str
    allowed_imports: frozenset[str]
    comparison_imports: frozenset[str]
    demands: frozenset[str]
    questions: tuple[Question, ...]

    @property
    def notebooks(self):
        """Paths of the sheet's notebooks that exist, in order."""
        names = dict.fromkeys(q.notebook for q in self.questions)
        paths = [NOTEBOOKS / f"{name}.ipynb" for name in names]
        return [path for path in paths if path.exists()]


def load_sheets():
    """All sheets by id."""
    table = tomllib.loads((ROOT / "sheets.toml").read_text("utf-8"))
    return {
        id: Sheet(
            id,
            entry["course"],
            entry["title"],
            frozenset(entry["allowed_imports"]),
            frozenset(entry.get("comparison_imports", ())),
            frozenset(entry.get("demands", ())),
            tuple(Question(**question) for question in entry["questions"]),
        )
        for id, entry in table.items()
    }


def find_sheet(id):
    """The sheet with this id.

    Raises
    ------
    SubmissionError
        If there is none, or none of its notebooks is there.
    """
    sheets = load_sheets()
    if id not in sheets:
        raise SubmissionError(
            f"There is no sheet {id!r}; SHEET must be one of "
            f"{', '.join(sheets)}."
        )
    if not sheets[id].notebooks:
        raise SubmissionError(f"Sheet {id} has no notebook yet.")
    return sheets[id]


def heading(question):
    """Pattern of a question's heading: `## 1.1 ... (1 P)`."""
    return re.compile(
        rf"^## {re.escape(question.id)} .*\({question.points:g} P\)$", re.M
    )


def is_answered(question):
    """Whether a notebook has the question's heading and an answer below it.

    An answer is text below the heading or a further cell before the next one.
    """
    path = NOTEBOOKS / f"{question.notebook}.ipynb"
    if not path.exists():
        return False
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells)
    found = heading(question).search(text)
    if not found:
        return False
    answer = re.split(r"^## ", text[found.end() :], maxsplit=1, flags=re.M)[0]
    return bool(answer.strip())


def coverage():
    """A table of all questions and whether they are answered, as text."""
    lines = []
    for sheet in load_sheets().values():
        lines.append(f"{sheet.id}: {sheet.course}, {sheet.title}")
        answered = {q: is_answered(q) for q in sheet.questions}
        for question, done in answered.items():
            lines.append(
                f"  {question.id:<5} {question.points:>4g} P  "
                f"{question.notebook:<30} {'answered' if done else 'MISSING'}"
            )
        points = sum(q.points for q, done in answered.items() if done)
        total = sum(q.points for q in sheet.questions)
        missing = list(answered.values()).count(False)
        lines.append(
            f"  answered: {points:g} of {total:g} points, "
            f"{missing} questions missing"
        )
    return "\n".join(lines)
