"""Who hands in which sheet, as `make zip` is told.

Standard library only, so that mistakes are named before anything is loaded.
"""

import re
import unicodedata

from submission.files import SubmissionError
from submission.sheets import find_sheet

LETTER = r"[^\W\d_]"
SURNAME = rf"['’]?{LETTER}+(?:(?:\. |[ '’.-]){LETTER}+)*"


def complete(surname, matriculation, sheet_id):
    """The name of what is handed in, and its sheet.

    Raises
    ------
    SubmissionError
        Names all that is missing or wrong, a sentence in each line.
    """
    found, problems = [], []
    for check, value in (
        (checked_surname, surname),
        (checked_number, matriculation),
        (find_sheet, sheet_id),
    ):
        try:
            found.append(check(value))
        except SubmissionError as error:
            problems.append(str(error))
    if problems:
        raise SubmissionError("\n".join(problems))
    surname, number, sheet = found
    return f"{surname}-{number}", sheet


def checked_surname(surname):
    """A surname in Unicode normal form C; a SubmissionError if it is none.

    Examples
    --------
    >>> checked_surname("van der Berg")
    'van der Berg'
    """
    surname = unicodedata.normalize("NFC", surname)
    if not re.fullmatch(SURNAME, surname):
        raise SubmissionError(
            f"The surname {surname!r} cannot be used in a file name; give "
            f"SURNAME as letters, with spaces, hyphens, apostrophes or dots "
            f"between them."
        )
    return surname


def checked_number(number):
    """A matriculation number; a SubmissionError if it is none."""
    if not re.fullmatch("[0-9]+", number):
        raise SubmissionError(
            f"The matriculation number {number!r} is not a number; give "
            f"MATRICULATION as digits only."
        )
    return number
