import re
import tomllib
from itertools import product
from pathlib import Path
from random import Random
from string import ascii_lowercase

import pytest
import typst

from nbtypst.chapter import pandoc
from nbtypst.maths import Formula, take_out

TABLE = tomllib.loads(
    (Path(__file__).parent / "formulas.toml").read_text("utf-8")
)["formula"]
START = """
#set page(width: auto, height: auto)
#set text(font: "New Computer Modern")
#show math.equation: set text(font: "New Computer Modern Math")
"""


@pytest.fixture(scope="module")
def convert(tmp_path_factory):
    """LaTeX formulas to what the filter makes of them, in one go."""

    def run(*formulas, block=False):
        folder = tmp_path_factory.mktemp("formulas")
        formulas = [
            formula
            if isinstance(formula, dict)
            else {"tex": formula, "block": block}
            for formula in formulas
        ]
        task = {"prefix": "", "texts": [], "formulas": formulas}
        return pandoc(task, folder)["formulas"]

    return run


@pytest.fixture(scope="module")
def converted(convert):
    """What the filter makes of the table."""
    return convert(*({"block": False} | row for row in TABLE))


def compile_all(formulas):
    source = START + "\n\n".join(formulas)
    return typst.compile(source.encode(), ignore_system_fonts=True)


def names_of_elements(mathml):
    return re.findall(r"<(m\w+)", mathml)


def test_the_table_is_set_as_it_was_looked_at(converted):
    for row, result in zip(TABLE, converted, strict=True):
        expected = row.get("typst", row.get("problem"))
        assert result.get("typst", result.get("problem")) == expected, row


def test_what_is_set_compiles(converted):
    assert compile_all(r["typst"] for r in converted if "typst" in r)


def test_each_problem_is_a_sentence_with_its_reason(converted):
    problems = [r["problem"] for r in converted if "problem" in r]
    assert len(problems) > 40
    assert all(len(problem.split()) > 2 for problem in problems)
    assert not any("mistake in" in problem for problem in problems)


NESTS = [
    *(r"\frac{%s}{%s}", "{%s}_{%s}", "{%s}^{%s}", "%s+%s", "%s,%s"),
    *(r"\sqrt[%s]{%s}", r"\left(%s\middle|%s\right]", "{%s \\over %s}"),
    *(r"\text{($%s$; $%s$)}", r"\overset{%s}{%s}", r"\underbrace{%s}_{%s}"),
    *(r"\begin{pmatrix}%s\\%s\end{pmatrix}", r"\binom{%s}{%s}"),
    *(r"\begin{cases}%s&%s\end{cases}", r"\mathbf{%s}\hat{%s}"),
    *(r"\begin{aligned}%s&=\\&%s\end{aligned}", r"\xrightarrow[%s]{%s}"),
    *(r"\begin{array}{c|r}%s&\\ \hline %s\end{array}", r"{\bf %s}\,\|%s\|"),
]


def nested(letters, random):
    """A formula with each of the letters in it."""
    if len(letters) == 1:
        return letters
    half = len(letters) // 2
    parts = nested(letters[:half], random), nested(letters[half:], random)
    return random.choice(NESTS) % parts


def test_no_letter_of_a_formula_is_lost(convert):
    random = Random(1)
    words = [ascii_lowercase[:size] for size in range(1, 25)] * 10
    results = convert(*(nested(word, random) for word in words))
    for word, result in zip(words, results, strict=True):
        assert "problem" not in result, word
        shown = re.sub("<[^>]*>", "", result["mathml"])
        assert "".join(sorted(re.findall("[a-z]", shown))) == word
    assert compile_all(result["typst"] for result in results)


def test_mathml_is_well_formed_and_says_how_the_formula_is_built(convert):
    root, fraction, power = convert(r"\sqrt[3]{x}", r"\frac a b", "x_1^2")
    assert "<mroot><mrow><mi>x</mi>" in root["mathml"]
    assert names_of_elements(fraction["mathml"])[2:] == [
        *("mfrac", "mrow", "mi", "mrow", "mi")
    ]
    assert "<msubsup><mrow><mi>x</mi></mrow><mrow><mn>1" in power["mathml"]


MACROS = r"""
\newcommand{\R}{\mathbb{R}} | \R^n | \mathbb{R}^n
\newcommand\half{\frac12} | \half x | \frac12 x
\newcommand{\norm}[1]{\left\|#1\right\|} | \norm{y^2} | \left\|y^2\right\|
\newcommand{\p}[2][i]{p_{#1}(#2)} | \p{x} \p[j]{y} | p_i(x) p_j(y)
\renewcommand{\vec}[1]{\boldsymbol{#1}} | \vec x | \boldsymbol x
\def\v#1{\mathbf{#1}} | \v x \v{y} | \mathbf x \mathbf{y}
\DeclareMathOperator{\tr}{tr} | \tr A | \operatorname{tr} A
\DeclareMathOperator*{\best}{arg\,min} | \best_x | \operatorname*{arg\,min}_x
\let\eps=\varepsilon | \eps | \varepsilon
\newcommand{\a}{x} \newcommand{\b}{\a^2} | \b | x^2
\newcommand{\sq}[1]{{#1}^2} \providecommand{\sq}{no} | \sq{\sq{x}} | {x^2}^2
""".strip().splitlines()


@pytest.mark.parametrize("line", MACROS)
def test_own_commands_hold_in_all_later_formulas(convert, line):
    definition, use, meaning = line.split(" | ")
    defined, used, plain = convert(definition, use, meaning)
    if "renewcommand" not in line:
        assert used == plain
    assert used["typst"]
    assert defined == {"typst": "", "mathml": ""}
    assert convert(f"{definition} {use}")[0] == used
    assert convert(use)[0] != used or "vec" in use


@pytest.mark.parametrize(
    "bomb",
    [
        r"\def\x{\x}\x",
        r"\def\x{y\x}\x",
        r"\def\x{{\x}}\x",
        r"\def\x#1{\x{#1#1}}\x{a}",
        r"\newcommand{\x}[1]{#1#1#1#1}" + r"\x{" * 12 + "a" + "}" * 12,
        "x" * 100_000,
        "{" * 2000 + "}" * 2000,
        r"\sqrt" * 1000 + "x",
        r"\left(" * 1000,
        r"\begin{matrix}" * 500,
        r"a\over " * 1000,
        r"\text{$" * 31 + "$}" * 31,
    ],
)
def test_a_formula_that_grows_or_nests_without_end_is_a_problem(convert, bomb):
    assert set(convert(bomb)[0]) == {"problem"}


def test_macros_cannot_make_a_short_notebook_long(convert):
    definition = r"\def\a{" + "x" * 100 + r"}\def\b{" + r"\a" * 90 + "}"
    results = convert(definition, *[r"\b"] * 100)
    assert "typst" in results[1]
    assert "the macros of the notebook" in results[-1]["problem"]


def test_the_deepest_formula_that_is_set_compiles(convert):
    for start, end in [
        (r"\boxed{", "}"),
        (r"\mathbf{a", "}"),
        (r"\begin{pmatrix}", r"\end{pmatrix}"),
        (r"\frac{1}{", "}"),
    ]:
        depths = [start * n + "x" + end * n for n in range(8, 40)]
        results = convert(*depths)
        deepest = [r["typst"] for r in results if "typst" in r][-1]
        assert "typst" not in results[-1]
        assert compile_all([deepest])


INJECTIONS = r"""
#read("x")
\text{#read("x")}
\text{"); #read("x"); ("}
\text{"quoted\}
\text{say "\textbackslash"}
\text{*/ read /*}
*/ x /* y // z
* /
\#read("x")
\#\mathrm{read}("x")
\mathrm{#read("x")}
\operatorname{read}("x")
\operatorname{x", limits: #true)}
\tag{"] #read("x") ["}
\ref{"#read("x")}
\eqref{a" + read("x") + "}
\color{red") + read("x}{x}
\textcolor[rgb]{1,0,0) #read("x")}{x}
\textcolor[rgb]{1,0,0") + read("x")}{x}
\hspace{1em) #read("x")}
\begin{array}{c|c) #read("x")} a \end{array}
\begin{mat) #read("x")} a \end{mat) #read("x")}
\begin{matrix} delim: a & ..b \\ augment: c \end{matrix}
\frac{read("x")}{size: 1}
\text{a $ #read("x") $ b}
\newcommand{\x}[1]{#1} \x{\#}read("x")
\sqrt{a ; b, c}
`raw` @ref <label> = _emphasis_
\mathtt{"a"} \mathbb{"} \not= "
\left" x \right"
\let\x=" \x x \x
-> => != := ... ~> [| |] ||
""".strip().splitlines()


@pytest.mark.parametrize("tex", INJECTIONS)
def test_nothing_in_a_formula_becomes_typst_code(convert, tex):
    result = convert(tex)[0]
    if "problem" in result:
        return
    code = re.sub(r'"(\\.|[^"\\])*"', "", result["typst"])  # no literals
    code = re.sub(r"\\.", "", code).replace("/**/", "")
    code = re.sub(r"#(true|none|1em|1\.2em|rgb\(\)|h\(-?[\d.]+em\))", "", code)
    assert not set(code) & set('#"@`[]<>') - {"<", ">"}
    allowed = {"text", "fill", "op", "class", "delim", "mono", "bb", "lr"}
    allowed |= {"limits", "attach", "frac", "sqrt", "display", "mat", "tr"}
    allowed |= {"column", "gap", "size", "upright", "br"}
    assert set(re.findall("[a-z]{2,}", code)) <= allowed
    assert compile_all([result["typst"]])


TEXTS = [
    ("an $x$ here", "an 0 here", ["x"]),
    ("$ x $", "0", ["x"]),
    ("a $x\ny$ b", "a 0 b", ["x\ny"]),
    ("a $x\n\ny$ b", None, []),
    ("$a$$b$", "01", ["a", "b"]),
    (r"\$5 and $x$", r"\$5 and 0", ["x"]),
    (r"$a \$ b$", "0", [r"a \$ b"]),
    (r"$\text{a $b$ c}$", "0", [r"\text{a $b$ c}"]),
    (r"$\{a$ {", "0 {", [r"\{a"]),
    ("$f = { x$ and $y$", "0 and 1", ["f = { x", "y"]),
    ("It costs $5 and $10.", None, []),
    ("It costs $5, and $x$ is more.", "It costs $5, and 0 is more.", ["x"]),
    ("$5$ and $10$", "0 and 1", ["5", "10"]),
    ("<td>$x$</td>", "<td>0</td>", ["x"]),
    ("`$a$` $b$", "`$a$` 0", ["b"]),
    ("``a ` $x$`` $y$", "``a ` $x$`` 0", ["y"]),
    ("` $x$", "` 0", ["x"]),
    ("```py\n$a$\n```\n$b$", "```py\n$a$\n```\n0", ["b"]),
    ("- ~~~\n  $a$\n  ~~~\n$b$", "- ~~~\n  $a$\n  ~~~\n0", ["b"]),
    ("$x\n```\n$\n```", None, []),
    ("$x\n```\n1\n```\ny$", None, []),
    ("only $ one", None, []),
    ("$$$$", None, []),
    ("$ $ and $x$", "0 and 1", ["", "x"]),
    (r"\\(a\\)", "0", ["a"]),
    (r"see \eqref{a}", "see 0", [r"\eqref{a}"]),
    (r"\begin{itemize} $x$ \end{itemize}", None, ["x"]),
]
BLOCKS = [
    ("$$x$$", "0", ["x"]),
    ("a\n\n$$\nx\n$$\n\nb", "a\n\n0\n\nb", ["x"]),
    ("$$\na\n\nb\n$$", "0", ["a\nb"]),
    ("$$a$$$b$", "01", ["a", "b"]),
    (r"\\[ a \\[2pt] b \\]", "0", [r"a \\[2pt] b"]),
    ("> $$\n> a\n> $$", "> 0", ["a"]),
    (
        r"\begin{align*}a\\b\end{align*}",
        "0",
        [r"\begin{align*}a\\b\end{align*}"],
    ),
    (
        r"\begin{equation}\begin{aligned}$\end{aligned}\end{equation}",
        "0",
        [r"\begin{equation}\begin{aligned}$\end{aligned}\end{equation}"],
    ),
    (
        r"\begin{matrix}\begin{matrix}1\end{matrix}\end{matrix}",
        "0",
        [r"\begin{matrix}\begin{matrix}1\end{matrix}\end{matrix}"],
    ),
    (r"`\begin{align}` $$x$$", r"`\begin{align}` 0", ["x"]),
]


@pytest.mark.parametrize(("text", "rest", "found"), TEXTS + BLOCKS)
def test_formulas_are_found_as_jupyter_finds_them(text, rest, found):
    formulas = []
    left = take_out(text, formulas)
    left = re.sub("\ue000(\\d+)\ue001", r"\1", left)
    assert [formula.tex for formula in formulas] == found
    if rest is None and not found:
        rest = text
    assert rest is None or left == rest


@pytest.mark.parametrize(("text", "rest", "found"), BLOCKS)
def test_blocks_stand_alone(text, rest, found):
    formulas = []
    take_out(text, formulas)
    assert formulas[0].is_block


def test_formulas_are_counted_over_the_whole_notebook():
    formulas = []
    take_out("$a$", formulas)
    assert take_out("$b$", formulas) == "\ue0001\ue001"
    assert formulas == [Formula("a", False), Formula("b", False)]


def test_marks_in_a_text_are_not_taken_for_ours():
    assert take_out("\ue0007\ue001 x", []) == "7 x"


def test_putting_the_formulas_back_gives_the_text_again():
    pieces = ["$a$", "b ", "`$`", r"\$", "$$c$$", "\n\n", "{", "<b>", "\\\\"]
    for text in map("".join, product(pieces, repeat=4)):
        formulas = []
        left = take_out(text, formulas)
        for number, (tex, is_block) in enumerate(formulas):
            sign = "$$" if is_block else "$"
            left = left.replace(f"\ue000{number}\ue001", sign + tex + sign)
        assert left == text


@pytest.mark.parametrize(
    "piece",
    [
        *("$", "\\", "{", "$ ", "$$ ", "${", "$x$ ", "`$", "\n$", "> $"),
        *("\\\\(", r"\begin{align}", r"\end{align}", "1. ", "$1 ", "{$}"),
    ],
)
def test_a_long_text_takes_time_in_proportion(piece):
    # With work in the square of the length this would take minutes.
    take_out(piece * (300_000 // len(piece)), [])
