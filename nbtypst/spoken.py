"""A formula in spoken English words, for screen readers.

The wording is that of MathSpeak (verbose), as the Speech Rule Engine speaks it
(https://speechruleengine.org, by Volker Sorge and others): fractions, roots,
scripts and fences end with a word of their own, so that x_{i+1} and x_i + 1
sound different even without pauses, which an alt text cannot hold. Where our
words differ from the engine's, tests/spoken.toml says so and why.
"""

import re
import unicodedata
from functools import cache
from itertools import groupby
from xml.etree import ElementTree

LONGEST = 2000  # characters of an alt text
DEEPEST = 50  # elements inside one another; formulas of people have about 20

# References to characters that XML cannot hold; pandoc passes them on.
CONTROLS = re.compile(r"&#(?:[0-8]|1[124-9]|2\d|3[01]|6553[45]);")

LEAVES = {"mi", "mo", "mn", "mtext"}
SILENT = {"mspace", "mphantom", "annotation", "annotation-xml"}
SCRIPTS = {"msub", "msup", "msubsup"}
LIMITS = {"munder", "mover", "munderover"}
ROOTS = {"msqrt", "mroot"}
# Fractions inside one another are counted up to these.
BARRIERS = SCRIPTS | LIMITS | ROOTS | {"mtable"}

INTEGRALS = set("∫∬∭∮∯∰")
WITH_LIMITS = (
    INTEGRALS
    | set("∑∏∐⋃⋂⋁⋀⨁⨂⨀⨄⨆")
    | {"lim", "limsup", "liminf", "max", "min", "sup", "inf"}
)
OPERATORS = set("+−±∓⋅×÷/!")
PRIMES = set("′″‴⁗")
TIMES = ["", "double", "triple", "quadruple"]
FENCED = {"|": "AbsoluteValue", "‖": "Norm"}


def pairs(text):
    return dict(pair.split(maxsplit=1) for pair in text.split(", "))


BARS = pairs("| |, ∣ |, ‖ ‖, ∥ ‖")
MATRICES = pairs(
    "() Matrix, [] Matrix, {} Matrix, ∣∣ Determinant, || Determinant"
)
POWERS = pairs("2 squared, 3 cubed, ⊤ transpose, ⊺ transpose")
RELATIONS = set("=≠<>≤≥∼≈≡∝∈→⇒⇔,;:")
NUMBERS = pairs(
    "1 one, 2 two, 3 three, 4 four, 5 five, 6 six, 7 seven, 8 eight, 9 nine"
)
PARTS = pairs(
    "2 half, 3 third, 4 fourth, 5 fifth, 6 sixth, 7 seventh, 8 eighth,"
    " 9 ninth, 10 tenth, 11 eleventh, 12 twelfth, 13 thirteenth,"
    " 14 fourteenth, 15 fifteenth, 16 sixteenth, 17 seventeenth,"
    " 18 eighteenth, 19 nineteenth, 20 twentieth"
)
FUNCTIONS = pairs(
    "sin sine, cos cosine, tan tangent, cot cotangent, sec secant,"
    " csc cosecant, sinh hyperbolic sine, cosh hyperbolic cosine,"
    " tanh hyperbolic tangent, coth hyperbolic cotangent, arcsin arc sine,"
    " arccos arc cosine, arctan arc tangent, lim limit, Pr probability,"
    " dim dimension, ker kernel, deg degree, tr trace, Tr trace"
)
# Accents and symbols whose names in Unicode are not what one says.
ACCENTS = pairs(
    "\u0302 hat, \u0303 tilde, \u0307 dot, \u0308 double dot, \u030c check,"
    " ‾ bar, ¯ bar, _ bar, ⏞ top brace, ⏟ bottom brace"
)
SYMBOLS = pairs(
    "+ plus, − minus, - minus, ± plus or minus, ∓ minus or plus, × times,"
    " ⋅ dot, · dot, / divided by, \\ backslash, = equals, ≠ not equals,"
    " < less than, > greater than, ≤ less than or equals,"
    " ≥ greater than or equals, ≃ asymptotically equals, ≈ almost equals,"
    " ≅ approximately equals, ≜ delta equals, ⊊ subset of or not equals,"
    " ∼ tilde, ∣ vertical bar, | vertical bar, ‖ double vertical bar,"
    " ∑ sigma summation, ! factorial, . period, @ at, _ bar, … ellipsis,"
    " ⟨ left angle bracket, ⟩ right angle bracket, { left brace,"
    " } right brace, [ left bracket, ] right bracket, ℏ h bar,"
    " ↗ up right arrow, ↘ down right arrow, ↖ up left arrow,"
    " ↙ down left arrow"
)
# Between a function and what it is applied to; between two factors.
SYMBOLS |= {"\u2061": "", "\u2062": ""}
FONT = re.compile(
    "BOLD|DOUBLE-STRUCK|SCRIPT|FRAKTUR|BLACK-LETTER|SANS-SERIF|MONOSPACE"
)
# What is left out of a name in Unicode, and where only the end is.
NOISE = re.compile(
    "^mathematical |^n-ary |^combining |^vulgar fraction |logical "
    "| operator$|(?<=right)wards|(?<=left)wards|(?<=up)wards|(?<=down)wards"
)


def words(mathml):
    """A formula of presentation MathML, as pandoc writes it, in words.

    Never empty; what is nested too deeply or too long ends in "and so on".

    Raises
    ------
    ValueError
        If the text is not one XML element, or declares something.

    >>> words("<math><msub><mi>x</mi><mi>n</mi></msub></math>")
    'x Subscript n'
    >>> words("<math><mfrac><mi>a</mi><mi>B</mi></mfrac></math>")
    'StartFraction a Over upper B EndFraction'
    """
    if "<!" in mathml:
        raise ValueError(
            "The MathML has a declaration or a comment. Expected one <math>"
            " element, as pandoc writes it."
        )
    try:
        root = ElementTree.fromstring(CONTROLS.sub(" ", mathml))
    except ElementTree.ParseError as error:
        raise ValueError(
            f"This is no MathML ({error}). Expected one <math> element, as"
            f" pandoc writes it: {mathml[:80]}"
        ) from error
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    prune(root)
    text = " ".join(" ".join(closed(speak(root))).split()) or "blank"
    if len(text) > LONGEST:
        end = " and so on"
        text = text[: LONGEST - len(end)].rsplit(" ", 1)[0] + end
    return text


def prune(root):
    """Cut what is nested so deeply that it could exhaust the stack."""
    level = [root]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in parent]
    for node in filter(len, level):
        node.clear()
        node.tag, node.text = "mtext", "and so on"


def speak(node, level=""):
    """Words of an element; `level` names the scripts it stands in.

    A word that leads back from a script ends in a line break, so that
    `closed` can take it away where nothing follows.
    """
    size = len(node)
    if node.tag in SILENT:
        return []
    if node.tag in LEAVES:
        return leaf(node)
    if node.tag == "mtable":
        return table(node)
    if node.tag == "mfrac" and size == 2:
        return fraction(node, level)
    if node.tag in ROOTS and size:
        return root_of(node, level)
    if node.tag in SCRIPTS and size > 1:
        return scripts(node, level)
    if node.tag in LIMITS and size > 1:
        return limits(node, level)
    spoken = row(node, level)
    if node.tag == "menclose" and "strike" in node.get("notation", ""):
        return ["CrossOut", *spoken, "EndCrossOut"]
    if node.tag == "menclose":
        return ["StartEnclose", node.get("notation"), *spoken, "EndEnclose"]
    return spoken


def closed(spoken):
    """Without the way back from a script at the end."""
    while spoken and spoken[-1].endswith("\n"):
        spoken = spoken[:-1]
    return spoken


def leaf(node):
    """Words of a letter, a number, an operator, a name or a text."""
    text = " ".join((node.text or "").split())
    plain = unicodedata.normalize("NFKC", text)
    if node.get("spoken") is not None:
        return [node.get("spoken")]
    if len(text) > 1 and node.tag == "mn":
        return [*font(text[0]), plain]
    if len(text) > 1 and (node.tag == "mtext" or any(map(str.isalpha, text))):
        return [FUNCTIONS.get(text, plain) if node.tag == "mi" else plain]
    return [name(character) for character in text]


def font(character):
    """Words for the typeface of a mathematical letter or digit.

    "Italic" is left out: nearly all letters of a formula are.
    """
    fonts = " ".join(FONT.findall(unicodedata.name(character, ""))).lower()
    fonts = fonts.replace("black-letter", "fraktur").replace("-", " ")
    return fonts.replace("fraktur", "German").split()


@cache
def name(character):
    """The spoken name of one character.

    >>> name("ℝ"), name("λ"), name("→")
    ('double struck upper R', 'lamda', 'right arrow')
    """
    if character in SYMBOLS:
        return SYMBOLS[character]
    plain = unicodedata.normalize("NFKC", character)
    if plain.isalnum():
        upper = ["upper"] if plain.isupper() else []
        letter = unicodedata.name(plain[0], "")
        if letter.startswith("GREEK"):
            plain = letter.rpartition("LETTER ")[2].lower()
            plain = plain.capitalize() if upper else plain
        return " ".join([*font(character), *upper, plain])
    full = unicodedata.name(character, "unknown symbol").lower()
    return NOISE.sub("", full).replace("-", " ")


def core(node):
    """What carries the scripts, if any."""
    while node.tag in SCRIPTS and len(node):
        node = node[0]
    return node


def letter(node):
    text = node.text or ""
    return node.tag == "mi" and len(text) == 1 and text.isalpha()


def upright(node):
    plain = node.get("mathvariant") == "normal"
    return plain and letter(node) and node.text.isascii()


def joined(nodes):
    """The elements, with upright letters, as in \\mathrm{Var}, as one word."""
    for is_word, group in groupby(nodes, upright):
        first, *others = group
        if is_word:
            first.text += "".join(node.text for node in others)
            others = []
        yield from (first, *others)


def row(nodes, level):
    """Words of elements side by side."""
    nodes = [node for node in nodes if node.tag not in SILENT]
    if len(nodes) in (2, 3) and nodes[0].get("form") == "prefix":
        opening, inside, *closing = nodes
        fences = "".join(fence.text or "" for fence in (opening, *closing))
        if inside.tag == "mtable" and (fences in MATRICES or not closing):
            return table(inside, fences)
        if inside.get("linethickness") == "0" and fences == "()":
            return speak(inside, level)
    nodes = fenced(joined(nodes))
    spoken = []
    edge = ElementTree.Element("mo")  # before the first and after the last
    for place, node in enumerate(nodes):
        before = nodes[place - 1] if place else edge
        after, last = [*nodes[place + 1 : place + 3], edge, edge][:2]
        if node.tag in {"mi", "mo"} and node.text == "−" and opens(before):
            single = after.tag in {"mi", "mn"} or vulgar(after)
            spoken.append("negative" if single and ends(last) else "minus")
            continue
        if node.tag == "mn" and letter(before):
            spoken.append("Baseline")  # else a number would be a subscript
        spoken += speak(node, level)
    return spoken


def operator(node):
    plain = node.tag == "mo" and not node.get("form")
    return plain or node.text in OPERATORS


def opens(before):
    """Whether a minus after this element is a sign."""
    ended = before.get("spoken", "").startswith("End")
    fence = before.get("form") == "prefix" and not ended
    return operator(before) or fence


def ends(after):
    """Whether the product before this element is over."""
    mark = core(after)
    return (
        operator(after)
        or mark.get("form") == "postfix"
        or mark.get("spoken", "").startswith("End")
    )


def fenced(nodes):
    """The elements, where bars and braces know what to say.

    Bars at the same depth of brackets belong together in pairs, but not over
    a relation. If one is left over, as in p(x | y), all stay bars. Two that
    touch are a double bar.
    """
    result = []
    depths = [(None, {"|": [], "‖": []})]
    for node in nodes:
        mark = core(node)
        form = mark.get("form") if mark.tag == "mo" else None
        opening, bars = depths[-1]
        if form and mark.text in BARS:
            mark.text = BARS[mark.text]
            lone = bars["|"]
            if mark.text == "|" and len(lone) % 2 and result[-1] is lone[-1]:
                lone.pop()
                result.pop()
                mark.text = "‖"
            bars[mark.text].append(mark)
        elif mark.tag == "mo" and mark.text in RELATIONS:
            for marks in bars.values():
                del marks[len(marks) - len(marks) % 2 :]
        elif form == "prefix":
            depths.append((mark, {"|": [], "‖": []}))
        elif form == "postfix" and opening is not None:
            pair(depths.pop()[1])
            if mark is node and (opening.text, mark.text) == ("{", "}"):
                empty = result[-1] is opening
                opening.set("spoken", "" if empty else "StartSet")
                mark.set("spoken", "empty set" if empty else "EndSet")
        result.append(node)
    for _, bars in depths:
        pair(bars)
    return result


def pair(bars):
    for bar, marks in bars.items():
        for place, mark in enumerate(marks if len(marks) % 2 == 0 else ()):
            mark.set("spoken", ("End" if place % 2 else "Start") + FENCED[bar])


def vulgar(node):
    """The words of a fraction such as 2/3, else None."""
    if [node.tag, *(part.tag for part in node)] != ["mfrac", "mn", "mn"]:
        return None
    above, below = (part.text for part in node)
    if above not in NUMBERS or below not in PARTS:
        return None
    many = "halves" if below == "2" else PARTS[below] + "s"
    return [NUMBERS[above], PARTS[below] if above == "1" else many]


def nesting(node, tags):
    """How many elements of these kinds are inside one another."""
    if vulgar(node) or (node.tag in BARRIERS and node.tag not in tags):
        return 0
    inside = max((nesting(child, tags) for child in node), default=0)
    return inside + (node.tag in tags)


def fraction(node, level):
    above, below = (speak(part, level) for part in node)
    if node.get("linethickness") == "0":
        start, end = "StartBinomialOrMatrix", "EndBinomialOrMatrix"
        return [start, *above, "Choose", *below, end]
    depth = nesting(node, {"mfrac"})
    start, over, end = (word * depth for word in ("Start", "Over", "End"))
    spoken = [start + "Fraction", *above, over, *below, end + "Fraction"]
    return vulgar(node) or spoken


def root_of(node, level):
    depth = nesting(node, ROOTS)
    nested = {1: "", 2: "Nested", 3: "NestedTwice"}
    times = nested.get(depth, f"Nested{depth - 1}")
    inside, index = list(node), []
    if node.tag == "mroot":
        index = [times + "RootIndex", *speak(inside.pop(), level)]
    start, end = times + "StartRoot", times + "EndRoot"
    return [*index, start, *row(inside, level), end]


def parts(node):
    """The base, the lower and the upper part of scripts or limits."""
    base, first, *second = node
    if node.tag in {"msup", "mover"}:
        return base, None, first
    return base, first, second[0] if second else None


def scripts(node, level):
    """Words of a base with a subscript, a superscript or both."""
    base, below, above = parts(node)
    sign = "".join(base.itertext()).strip("\u2061")
    bounded = sign in INTEGRALS and None not in (below, above)
    if sign in WITH_LIMITS and not bounded:
        return limits(node, level)
    spoken, back = speak(base, level), []
    exponent = "".join(above.itertext()) if above is not None else ""
    if exponent and set(exponent) <= PRIMES:
        count = len(unicodedata.normalize("NFKC", exponent))
        spoken = [*spoken, *TIMES[count - 1 : count], "prime"]
        above = None
    if below is not None and letter(base) and below.tag == "mn":
        spoken = spoken + leaf(below)
    elif below is not None:
        inside = closed(speak(below, level + "Sub "))
        spoken = [*spoken, level + "Subscript", *inside]
        back = [baseline(level)]
    in_script = back or closed(spoken) != spoken
    if exponent == "∘" and base.tag == "mn":
        spoken = [*spoken, "degrees"]
    elif above is not None and exponent in POWERS and not in_script:
        spoken = [*spoken, POWERS[exponent]]
    elif above is not None:
        inside = closed(speak(above, level + "Super "))
        spoken = [*spoken, level + "Superscript", *inside]
        back = [baseline(level)]
    return spoken + back


def baseline(level):
    return (level.strip() + "script" if level else "Baseline") + "\n"


def limits(node, level):
    """Words of a base with something set below or above it."""
    base, below, above = parts(node)
    if node.tag != "munderover" and node[1].get("accent") == "true":
        side = "Below" if above is None else "Above"
        return accented(base, node[1].text or "", side, level)
    spoken = speak(base, level)
    if below is not None:
        spoken = [*spoken, "Underscript", *closed(speak(below, level))]
    if above is not None:
        spoken = [*spoken, "Overscript", *closed(speak(above, level))]
    return [*spoken, "Endscripts"]


def accented(base, mark, side, level):
    spoken = speak(base, level)
    accent = ACCENTS.get(mark) or " ".join(map(name, mark))
    if letter(base) and accent in {"bar", "tilde"}:
        return [*spoken, ("over" if side == "Above" else "under") + accent]
    if letter(base) and accent == "hat":
        return [*spoken, accent]
    return [f"Modifying{side}", *spoken, "With", accent]


def table(node, fences=""):
    """Words of a matrix, a determinant, cases or lines of equations."""
    rows = [
        [
            closed(speak(cell))
            for cell in (line if line.tag == "mtr" else [line])
        ]
        for line in node
    ]
    cells = node.findall("*/*")
    if any("padding" in cell.get("style", "") for cell in cells):
        # The columns of aligned equations are parts of one line.
        rows = [[[word for cell in line for word in cell]] for line in rows]
    columns = max(map(len, rows), default=0)
    if not fences and len(rows) == columns == 1:
        return rows[0][0]
    kind = MATRICES.get(fences, "Layout")
    spoken = [f"Start {len(rows)} By {columns} {kind}"]
    if kind == "Layout":
        brace = ["Enlarged", *map(name, fences)] if fences else []
        spoken = ["StartLayout", *brace]
    plain = kind == "Determinant" and all(map(is_short, cells))
    for number, line in enumerate(rows, 1):
        spoken.append(ordinal(number) + " Row")
        for place, cell in enumerate(line, 1):
            if columns > 1 and not plain:
                spoken.append(ordinal(place) + " Column")
            spoken += cell or ["Blank"]
    return [*spoken, f"End{kind}"]


def is_short(cell):
    """Whether a cell is one letter or one number."""
    return len(cell) == 1 and (letter(cell[0]) or cell[0].tag == "mn")


def ordinal(number):
    teens = number % 100 in (11, 12, 13)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if teens else ending}"
