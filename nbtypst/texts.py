"""Plain text on its way to Typst."""

import re
import unicodedata

from nbconvert.filters import strip_ansi

# Control characters, lone surrogates, and what no PDF/UA may contain.
UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
LINKS = re.compile(r"\x1b\].*?(?:\x07|\x1b\\)|\x9b[0-?]*[@-~]")
MOST_LINES = 1000
LAST_COLUMNS = 20  # where a long line is rather broken at a space


def cleaned(text):
    """A text without characters that a PDF may not contain."""
    return UNWANTED.sub("", text.replace("\r\n", "\n"))


def literal(text):
    """A Typst string literal.

    Examples
    --------
    >>> print(literal('say "a\\\\b"'))
    "say \\"a\\\\b\\""
    """
    text = cleaned(text)
    for character, escaped in ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"):
        text = text.replace(character, escaped)
    return f'"{text}"'


def printed_text(text):
    r"""What a terminal shows in the end: without colours, bars at their last.

    Examples
    --------
    >>> printed_text("10%\r50%\r100%\n\x1b[31mred\x1b[0m\nabc\b\bd")
    '100%\nred\nad'
    """
    text = strip_ansi(LINKS.sub("", text)).replace("\r\n", "\n")
    if "\b" in text:
        text = _without_backspaces(text)
    if "\r" in text:
        text = re.sub(r"[^\n]*\r(?!\n|\Z)", "", text)
    return cleaned(text).rstrip()


def _without_backspaces(text):
    kept = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept and kept[-1] != "\n":
            kept.pop()
    return "".join(kept)


def shortened(text):
    """The first and the last lines of a very long text."""
    lines = text.split("\n")
    if len(lines) <= MOST_LINES:
        return text
    half = MOST_LINES // 2
    left_out = f"... {len(lines) - 2 * half} lines are left out ..."
    return "\n".join([*lines[:half], "", left_out, "", *lines[-half:]])


def fold(text, columns):
    """Break lines longer than `columns`; the rest goes on after an arrow.

    Letters of Chinese, Japanese and Korean take two columns.

    Examples
    --------
    >>> print(fold("abcdef", 4))
    abcd
    ↪ ef
    """
    return "\n".join(
        line if len(line) <= columns and line.isascii() else piece
        for line in map(str.rstrip, text.expandtabs().split("\n"))
        for piece in _pieces(line, columns)
    )


def _pieces(line, columns):
    start, mark = 0, ""
    indentation = len(line) - len(line.lstrip())
    while True:
        end = start + _num_fitting(line, start, columns - len(mark))
        if end < len(line):
            earliest = max(start, indentation, end - LAST_COLUMNS)
            space = line.rfind(" ", earliest, end)
            end = space + 1 if space > earliest else end
        yield mark + line[start:end]
        if end >= len(line):
            return
        start, mark = end, "↪ "


def longest_line(text):
    """The columns of the longest line."""
    return max(map(_num_columns, text.split("\n")))


def _num_fitting(line, start, columns):
    """How many characters fit into so many columns; at least one."""
    piece = line[start : start + columns]
    while len(piece) > 1 and _num_columns(piece) > columns:
        piece = piece[: len(piece) - (_num_columns(piece) - columns + 1) // 2]
    return len(piece)


def _num_columns(line):
    if line.isascii():
        return len(line)
    return len(line) + sum(
        unicodedata.east_asian_width(character) in "WF" for character in line
    )
