r"""The formulas of a Markdown text, found as JupyterLab finds them.

JupyterLab takes the formulas out before it reads the Markdown, so that `a_1`
or `\\` in one is no Markdown. Pandoc's own reader has other rules (`$ x $`
is none for it), so the same is done here.
"""

import re
from bisect import bisect_left
from typing import NamedTuple

OPEN, CLOSE = "\ue000", "\ue001"
NOT_TEXT = re.compile("[\ud800-\uf8ff\U000f0000-\U0010ffff]")
QUOTED = re.compile("^ {0,3}> ?", re.MULTILINE)
BLANK_LINE = re.compile(r"\n[ \t]*(?=\n)")
ENVIRONMENTS = (
    "equation|align|alignat|flalign|gather|multline|eqnarray|displaymath|math"
    "|aligned|alignedat|gathered|split|array|cases|(?:small|[pbvBV])?matrix"
)
CLOSING = {"$": "$", "$$": "$$", r"\\(": r"\\)", r"\\[": r"\\]"}
TOKEN = re.compile(
    r"^(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*"
    r"(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})"
    r"|(?P<code>`+)"
    r"|(?P<dollars>\$+)"
    r"|(?P<braces>\{+|\}+)"
    r"|\\\\[()\[\]]"
    rf"|\\(?P<edge>begin|end)\{{(?:{ENVIRONMENTS})\*?\}}"
    r"|(?P<reference>\\(?:eq)?ref\{[^{}\n]*\})"
    r"|(?:\\\\(?![()\[\]]))+|\\[^\\]",  # what they escape is no delimiter
    re.MULTILINE | re.DOTALL,
)


class Formula(NamedTuple):
    """LaTeX source without its dollar signs, and whether it stands alone."""

    tex: str
    is_block: bool


def take_out(text, formulas):
    r"""Replace the formulas of a Markdown text by marks.

    Parameters
    ----------
    text : str
    formulas : list of Formula
        What is found is appended. A mark holds its place in this list.

    Returns
    -------
    str

    Examples
    --------
    >>> formulas = []
    >>> take_out(r"Let `$a` be $ a_1 $, for \$5.", formulas)
    'Let `$a` be \ue0000\ue001, for \\$5.'
    >>> formulas
    [Formula(tex='a_1', is_block=False)]
    """
    text = NOT_TEXT.sub("", text)
    finder = _Finder(text)
    pieces, done, position = [], 0, 0
    while token := TOKEN.search(text, position):
        position = finder.end_of_code(token)
        if found := finder.formula(token):
            formula, position = found
            pieces.append(text[done : token.start()])
            pieces.append(f"{OPEN}{len(formulas)}{CLOSE}")
            formulas.append(formula)
            done = position
    return "".join([*pieces, text[done:]])


class _Finder:
    """Finds the ends of code and formulas, in time linear in the text."""

    def __init__(self, text):
        self.text = text
        self.paragraph_ends = [m.start() for m in BLANK_LINE.finditer(text)]
        self.ticks = {}  # length of a run of backticks -> where they are
        for run in re.finditer("`+", text):
            self.ticks.setdefault(len(run[0]), []).append(run.start())
        self.given_up = {}  # delimiter -> up to where none closes a formula
        self.unbalanced = 0  # up to where braces are no guide

    def paragraph_end(self, position):
        index = bisect_left(self.paragraph_ends, position)
        return (*self.paragraph_ends[index : index + 1], len(self.text))[0]

    def end_of_code(self, token):
        """Where the code ends that the token begins, or the token itself."""
        if fence := token["fence"]:
            close = rf"^[ \t>]*{fence[0]}{{{len(fence)},}}[ \t]*$"
            found = re.compile(close, re.M).search(self.text, token.end())
            return found.end() if found else len(self.text)
        if ticks := token["code"]:
            runs = self.ticks[len(ticks)]
            index = bisect_left(runs, token.end())
            limit = self.paragraph_end(token.end())
            if index < len(runs) and runs[index] < limit:
                return runs[index] + len(ticks)
        return token.end()

    def formula(self, token):
        """The formula that the token begins, and its end; or None."""
        opening, start = token[0], token.end()
        if token["reference"]:
            return Formula(opening, False), start
        closing = CLOSING.get(opening)
        if token["edge"] == "begin":
            closing = opening.replace("begin", "end")
        if closing is None or start < self.given_up.get(closing, 0):
            return None
        is_inline = closing in ("$", r"\\)")
        limit = self.paragraph_end(start) if is_inline else len(self.text)
        end = self.find(closing, token, limit)
        if end is None:
            self.given_up[closing] = limit
            return None
        tex, after = self.text[start:end], end + len(closing)
        if closing == "$" and _is_money(tex, self.text[after : after + 1]):
            return None
        if token["edge"]:
            tex = opening + tex + closing
        if "\n" in tex:
            line = self.text.rfind("\n", 0, token.start()) + 1
            if QUOTED.match(self.text, line, token.start()):
                tex = QUOTED.sub("", tex)
        return Formula(BLANK_LINE.sub("", tex).strip(), not is_inline), after

    def find(self, closing, opening, limit):
        """Where the closing delimiter stands, or None."""
        depth, first, position = 0, None, opening.end()
        is_environment = opening["edge"]
        while token := TOKEN.search(self.text, position, limit):
            if token["fence"]:
                break
            position = self.end_of_code(token)
            if (token["dollars"] or token[0]).startswith(closing):
                if depth == 0 or position < self.unbalanced:
                    return token.start()
                first = first or token.start()
                depth -= 1 if is_environment else 0
            elif is_environment:
                depth += token[0] == opening[0]
            elif braces := token["braces"]:
                change = len(braces) if "{" in braces else -len(braces)
                depth = max(0, depth + change)
        if first and not is_environment:
            self.unbalanced = limit  # it will be shown as a problem
        return first


def _is_money(tex, after):
    """Whether `$5 and $10` was meant, or `$5 for an $x$`."""
    if not tex[:1].isdigit():
        return False
    is_prose = tex[-1].isspace() and re.search("[A-Za-z]{2}", tex)
    return after.isdigit() or bool(is_prose and not set(tex) & set("\\_^="))
