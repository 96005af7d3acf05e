"""Where a hand-in answers which question, in the habits of many students."""

import re
from itertools import islice, pairwise
from string import ascii_lowercase

MAX_LINE = 120  # of a heading
MAX_LINES = 20000  # of a hand-in
NOTHING, SHARED, OWN = range(3)
WORDS = (
    "task|subtask|question|exercise|exercice|ejercicio|problem|part|section|"
    "sheet|assignment|homework|solution|answer|response|ex|to|for|of|"
    "aufgabe|teilaufgabe|hausaufgabe|übung|blatt|übungsblatt|frage|teil|"
    "lösung|loesung|antwort|aufg|teilaufg|üb|zu|zur|der|des|von|"
    "oppgave|deloppgave|øving|spørsmål|delspørsmål|del|løsning|svar|oppg|på|"
    "til|opgave|uppgift|vraag|nummer|nr|no"
)
LABEL = (
    rf"(?:(?:{WORDS})(?:s|n|r|er)?(?![^\W\d_])[\s.:,/#_-]*"
    r"(?:\d{1,2}[,:/\s–-]+(?=\w))?)"
)
MARKS = r"[\W_]*"
NO_REFERENCE = r"(?!(?:see|cf|as|like|in|from|siehe|vgl|wie|aus|se|som|jf)\b)"
AFTER = r"(?=[\s*_]*(?:[).:]|[–-]|(?<=[\s*_])\W*[^\W\d_]))"  # a mark, or words
HEADING = re.compile(
    r"^\s*(?:(?P<marks>#+)(?P<text>.*)|<h(?P<level>\d).*?>(?P<html>.*)|"
    r"(?:\*\*|__)(?P<bold>.*)(?:\*\*|__)[\s.:]*$)"
)
MAJOR = re.compile(rf"{MARKS}{LABEL}*(\d{{1,2}})(?![\w]|[.,]\d)", re.I)
MARKUP = re.compile(r"<[^>]*>|&\w+;")
MINOR_LINE = re.compile(rf"{MARKS}{LABEL}*\(?([a-z])\)", re.I)
MINOR = re.compile(rf"{MARKS}{LABEL}*\(?([a-z]|\d)(?:[).:]|\s*$)", re.I)
NO_ANSWER = re.compile(
    r"to-?do|tbd|fixme|(type )?your (answer|solution|code)( goes)? here|n/?a|"
    r"(not|nicht|ikke) (yet )?(done|answered|solved|implemented|attempted|"
    r"bearbeitet|gelöst|gemacht|beantwortet|besvart|løst|gjort)( yet)?|"
    r"(no|keine|ingen|intet) (answer|solution|antwort|lösung|svar|løsning)",
    re.I,
)
GLUE = re.compile(rf"[\s,;/&+()–-]*(?:and|und|og|{WORDS})?[\s,;/(]*", re.I)
SHORT_RANGE = re.compile(r"(\d+)([a-z])[–-](?=[a-z]\b)")
RANGE = re.compile(rf"\W*(?:[–-]|to|bis|til)\W*(?:{WORDS})?\W*", re.I)


class Numbers:
    """Finds the numbers of some questions in lines.

    Examples
    --------
    >>> numbers = Numbers(["1.1", "1.2", "1.3", "2a", "2b"])
    >>> numbers.in_heading("Solution to 1.1: the plot")
    ['1.1']
    >>> numbers.in_heading("Aufgaben 1.1 bis 1.3")
    ['1.1', '1.2', '1.3']
    >>> numbers.in_line("Oppgave 2 (b)"), numbers.in_line("about 1.1 of 2")
    (['2b'], [])
    """

    def __init__(self, ids):
        self.ids = list(dict.fromkeys(ids))
        patterns = enumerate(map(number_pattern, self.ids))
        numbers = "|".join(f"(?P<q{i}>{p})" for i, p in patterns) or "(?!)"
        start = r"(?<![^\W_])(?<![.,])(?<!sheet[\W_])(?<!blatt[\W_])"
        start += r"(?:[^\W\d_]{1,4}\.?)?"
        self.number = re.compile(rf"{start}(?:{numbers})", re.I)
        self.labelled = re.compile(
            rf"{MARKS}{NO_REFERENCE}"
            rf"(?:(?:[^\W\d_]{{2,}} ){{0,2}}{LABEL}{{1,6}}[(\s]*(?:{numbers})|"
            rf"[^\W\d_]?(?:{numbers.replace('?P<q', '?P<r')}){AFTER})",
            re.I,
        )

    def in_heading(self, text):
        """The ids that a heading is of, wherever they are near its start."""
        text = SHORT_RANGE.sub(r"\1\2-\1", text[:MAX_LINE])
        found = list(self.number.finditer(text))
        if not found or found[0].start() > MAX_LINE / 2:
            return []
        ids = [self.id_of(found[0])]
        for last, match in pairwise(found):
            between = text[last.end() : match.start()]
            if RANGE.fullmatch(between):
                first, end = map(self.ids.index, (ids[-1], self.id_of(match)))
                ids += self.ids[first + 1 : end]
            elif not GLUE.fullmatch(between):
                break
            ids.append(self.id_of(match))
        return ids

    def in_line(self, text):
        """The ids of a line that reads like a heading, though not marked."""
        text = text[:MAX_LINE]
        return self.in_heading(text) if self.labelled.match(text) else []

    def id_of(self, match):
        """The id that a match is of."""
        return self.ids[int(match.lastgroup[1:])]

    def sections(self, texts):
        """Which questions have headings, and what stands below.

        Parameters
        ----------
        texts : iterable of str
            Markdown, or pages of a PDF.

        Returns
        -------
        dict of id -> NOTHING, SHARED (with the next heading's answer) or OWN
        """
        found, run, major, depth = {}, [], "", 0
        is_open = True  # whether a heading would go on with the run
        lines = (line for text in texts for line in text.split("\n"))
        for line in islice(lines, MAX_LINES):
            level, text = heading_of(line)
            ids = self.in_heading(text) if level else self.in_line(line)
            minor = (MINOR if level else MINOR_LINE).match(text)
            number = MAJOR.match(text)
            if not ids and minor:
                ids = self.below(major, minor[1], level > depth)
            if ids:
                state = SHARED if is_sentence(text) else NOTHING
                run = [*run, ids] if is_open else [ids]
                found |= {i: max(found.get(i, state), state) for i in ids}
                is_open = True
            elif number and (level or number[0] == text.strip()):
                run = run if level > depth else []
                major, depth = number[1], level
            elif not level and (said := words_of(line)):
                is_open = False
                for ids in [] if NO_ANSWER.fullmatch(said) else run:
                    state = OWN if ids is run[-1] else SHARED
                    found |= {i: max(found[i], state) for i in ids}
        return found

    def below(self, major, minor, is_deeper):
        """The id of a part named alone, below the heading of its question."""
        if not major or (minor.isdigit() and not is_deeper):
            return []
        joined = major + ("." if minor.isdigit() else "") + minor.lower()
        return [joined] if joined in self.ids else []


def is_sentence(text):
    """Whether a heading ends as an answer in its line does."""
    is_ended = text.rstrip(" *_").endswith((".", "!", "|"))
    return is_ended and len(text.split()) > 2


def words_of(line):
    """The words of a line, without markup; "" if there are none."""
    line = MARKUP.sub("", line[:1000]).strip(" .:!_*#-")
    return line if re.search(r"[^\W_]", line) else ""


def heading_of(line):
    """The level of a heading, 0 if the line is none, and its text."""
    found = HEADING.match(line[: 2 * MAX_LINE])
    if not found:
        return 0, line
    text = found["text"] or found["html"] or found["bold"] or ""
    return len(found["marks"] or "") or int(found["level"] or 6), text


def swapped(question_id):
    """A number as others write it: `1a` for `1.1`, and the other way.

    Examples
    --------
    >>> swapped("2.3"), swapped("4b"), swapped("5")
    ('2c', '4.2', '5')
    """
    found = re.fullmatch(r"(\d+)[._]?([a-z]|\d+)", question_id)
    if not found:
        return question_id
    major, minor = found.groups()
    if minor.isalpha():
        return f"{major}.{ascii_lowercase.index(minor) + 1}"
    number = int(minor)
    is_letter = "." in question_id and 0 < number <= 26
    return (
        f"{major}{ascii_lowercase[number - 1]}" if is_letter else question_id
    )


def major_of(question_id):
    """The number without its last part: `2` of `2a`, `P5` of `P5.1`."""
    return re.match(r"\D*\d*", question_id)[0]


def task_heading(number):
    """Pattern of a line that begins with a word like task and a number."""
    number = re.escape(number)
    return re.compile(rf"{MARKS}{LABEL}+{number}(?!\w|[.,]\d)", re.I)


def number_pattern(question_id):
    """Pattern of a question's number: `1.1` and `1. 1`, `1a` and `1 (a)`."""
    pattern = r"(\d+)[._]?([a-z]+)|(\d+)\.(\d+)"
    found = re.fullmatch(pattern, question_id)
    if not found:
        spaced = re.sub(r"(?<=[^\W\d_])(?=\d)", " ?", re.escape(question_id))
        return spaced + r"(?!\w|[.,]\d)"
    digits, letter, major, minor = found.groups()
    if letter:
        return (
            rf"{digits}(?:[.-]?{letter}(?!\w)|\W{{1,4}}{letter}(?:[).:]|\s*$))"
        )
    between = rf"(?:\s?\.\s?|[_-]|[\s,:/-]+(?:{WORDS})\s*)"
    return rf"{major}{between}{minor}(?!\w|[.,]\d)"
