"""Pieces of Typst source to a PDF; what Typst refuses is replaced."""

import re
import subprocess
import sys
import time
import unicodedata
from bisect import bisect_right
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from nbconvert.utils.exceptions import ConversionException

from nbtypst.texts import literal

TYPESET = Path(__file__).parent / "typeset.py"
FONT_FOLDERS = {
    "matplotlib": "mpl-data/fonts/ttf",
    "noto_cjk_sans_otc": ".",
}
LONGEST_TIME = 30  # seconds for a try, and for beginning another
TOO_LONG = f"Typst needs more than {LONGEST_TIME} seconds"
PLACE = re.compile(r"main\.typ:(\d+):")
NO_GLYPH = re.compile(r'the text `"(.*?)"` could not be displayed')
TOO_WIDE = re.compile(r"assertion failed: (f[\w-]+) is (a formula wider.*)")
ESCAPED = re.compile(r"\\u\{(\w+)\}")


class Piece(NamedTuple):
    """A part of the Typst source, and what stands there if Typst refuses."""

    where: str
    source: str
    instead: str | None = None


def typeset(head, pieces, folder, replaced):
    """The PDF of a document.

    Parameters
    ----------
    head : str
        Typst source that comes before the pieces.
    pieces : list of Piece
    folder : pathlib.Path
        Holds the pictures.
    replaced : function of (where, problem)
        Is told what Typst refused.

    Returns
    -------
    bytes

    Raises
    ------
    ConversionException
        If not even the replacements can be set.
    """
    pieces, names = list(pieces), {}
    end = time.monotonic() + LONGEST_TIME
    while time.monotonic() < end:
        errors = run([head, named(names)], pieces, folder)
        if not errors:
            return (folder / "main.pdf").read_bytes()
        missing, refused = {}, {}
        for index, error in errors:
            if unknown := NO_GLYPH.search(error):
                where = "all cells" if index is None else pieces[index].where
                missing.setdefault(where, set()).update(unescaped(unknown[1]))
            else:
                refused.setdefault(index, error.split("\n")[0])
        if refused.keys() == {None} and not missing:
            problem = refused.pop(None)
            if problem == TOO_LONG:
                break
            refused[culprit(head, pieces, folder, problem)] = problem
        for index, problem in refused.items():
            if index is not None:
                where, _, instead = pieces[index]
                if instead is None:
                    raise ConversionException(f"{where}: {problem}")
                replaced(where, f"Typst cannot set it: {problem}")
                pieces[index] = Piece(where, instead)
        for where, characters in missing.items():
            new = {c: name_of(c) for c in sorted(characters) if c not in names}
            names |= new
            if listed := ", ".join(filter(None, new.values())):
                replaced(where, f"no font has these, they are named: {listed}")
    replaced(pieces[0].where, "Typst takes too long, so nothing is formatted")
    plain = [
        piece if piece.instead is None else Piece(piece.where, piece.instead)
        for piece in pieces
    ]
    errors = run([head, named(names)], plain, folder)
    if errors:
        raise ConversionException(errors[0][1].split("\n")[0])
    return (folder / "main.pdf").read_bytes()


def culprit(head, pieces, folder, problem):
    """Halve the pieces until the one is found that has the problem."""
    left = [n for n, piece in enumerate(pieces) if piece.instead is not None]

    def is_solved_without(indices):
        trial = [
            Piece(p.where, p.instead) if n in indices else p
            for n, p in enumerate(pieces)
        ]
        errors = run([head], trial, folder)
        return all(problem not in error for _, error in errors)

    if not is_solved_without(set(left)):
        raise ConversionException(problem)
    while len(left) > 1:
        half = left[: len(left) // 2]
        left = half if is_solved_without(set(half)) else left[len(half) :]
    return left[0]


def run(start, pieces, folder):
    """Set the pieces, in a process that can be stopped.

    Returns
    -------
    list of (int or None, str)
        The errors, each with the index of the piece it lies in, if known.
    """
    sources = [*start, *(piece.source for piece in pieces)]
    (folder / "main.typ").write_text("\n\n".join(sources), "utf-8")
    try:
        done = subprocess.run(
            [sys.executable, TYPESET, folder, *font_folders()],
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=LONGEST_TIME,
        )
    except subprocess.TimeoutExpired:
        return [(None, TOO_LONG)]
    if not done.returncode:
        return []
    ends = list(accumulate(source.count("\n") + 2 for source in sources))
    errors = []
    for error in re.split(r"^(?:error|warning): ", done.stderr, flags=re.M)[
        1:
    ]:
        if wide := TOO_WIDE.match(error):
            errors.append((index_of(wide[1], pieces), wide[2]))
            continue
        lines = map(int, PLACE.findall(error))
        last = max((bisect_right(ends, line - 1) for line in lines), default=0)
        index = last - len(start)
        errors.append((index if index >= 0 else None, error))
    return errors or [(None, f"Typst failed: {done.stderr.strip()[-500:]}")]


def index_of(name, pieces):
    """Which piece defines a name."""
    start = f"#let {name} ="
    return next(n for n, p in enumerate(pieces) if p.source.startswith(start))


def named(names):
    """A rule of Typst that shows characters by their names."""
    if not names:
        return ""
    characters = "".join(f"\\x{{{ord(c):x}}}" for c in names)
    entries = ", ".join(
        f"{literal(character)}: {literal(name)}"
        for character, name in names.items()
    )
    return (
        f"#show regex({literal(f'[{characters}]')}): "
        f"it => named-character(({entries}).at(it.text))"
    )


def name_of(character):
    """The Unicode name of a character; nothing for one that is not seen.

    Examples
    --------
    >>> name_of("\N{OCTOPUS}"), name_of("\N{VARIATION SELECTOR-16}")
    ('octopus', '')
    """
    if unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return ""
    return unicodedata.name(character, "").lower() or f"U+{ord(character):04X}"


def unescaped(text):
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def font_folders():
    """Folders of the fonts that installed packages bring along."""
    for package, folder in FONT_FOLDERS.items():
        spec = find_spec(package)
        if spec and spec.origin:
            yield Path(spec.origin).parent / folder
