"""Formulas in words, compared with those of the Speech Rule Engine."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pypandoc
import pytest

from nbtypst.spoken import LONGEST, words

TABLE = tomllib.loads(
    (Path(__file__).parent / "spoken.toml").read_text(encoding="utf-8")
)["formula"]


def mathml(formulas, kind="DisplayMath"):
    """The formulas as pandoc writes them, with one call."""
    math = [{"t": "Math", "c": [{"t": kind}, tex]} for tex in formulas]
    document = {
        "pandoc-api-version": [1, 23, 1],
        "meta": {},
        "blocks": [{"t": "Para", "c": [formula]} for formula in math],
    }
    html = subprocess.run(
        [pypandoc.get_pandoc_path(), "-f", "json", "-t", "html", "--mathml"],
        input=json.dumps(document),
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    found = re.findall("<p>(<math.*?</math>)</p>", html, re.DOTALL)
    assert len(found) == len(formulas)
    return found


@pytest.fixture(scope="module")
def spoken():
    formulas = [row["tex"] for row in TABLE]
    return dict(zip(formulas, map(words, mathml(formulas)), strict=True))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["tex"])
def test_a_formula_is_said_as_in_the_table(spoken, row):
    assert spoken[row["tex"]] == row.get("ours", row["words"])


def test_where_we_differ_from_the_engine_is_rare_and_explained():
    differing = [row for row in TABLE if "ours" in row or "why" in row]
    assert len(TABLE) >= 200
    assert len(differing) <= 0.1 * len(TABLE)
    for row in differing:
        assert row["ours"] != row["words"]
        assert row["why"]


def test_no_two_formulas_of_the_table_sound_the_same(spoken):
    assert len({text.lower() for text in spoken.values()}) == len(TABLE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", "X"),
        (r"x", r"\mathbf{x}"),
        ("R", r"\mathbb{R}"),
        ("L", r"\mathcal{L}"),
        ("x_{i+1}", "x_i + 1"),
        ("x^{n+1}", "x^n + 1"),
        (r"\frac{a}{b + c}", r"\frac{a}{b} + c"),
        (r"\sqrt{a + b}", r"\sqrt{a} + b"),
        (r"\dot{x} y", r"x \cdot y"),
        (r"x_2", "x2"),
        (r"x_{12}", r"x_1 2"),
        (r"e^{x_i}", r"e^x_i"),
        (r"\sum_i (x_i + c)", r"\sum_i x_i + c"),
        (r"|a + b|", r"|a| + b"),
        (r"\hat{x + y}", r"x + \hat{y}"),
        (r"\overline{x y}", r"x \bar{y}"),
        (r"\begin{pmatrix} a \\ b \end{pmatrix}", r"\binom{a}{b}"),
    ],
)
def test_formulas_that_differ_sound_different(one, other):
    first, second = map(words, mathml([one, other]))
    assert first.lower() != second.lower()


@pytest.mark.parametrize(
    ("tex", "said"),
    [
        # The engine hears an absolute value across the relation in these.
        (
            r"a | b = c | d",
            "a vertical bar b equals c vertical bar d",
        ),
        (
            r"a | b = |c|",
            "a vertical bar b equals StartAbsoluteValue c EndAbsoluteValue",
        ),
        (r"A^\circ", "upper A Superscript ring"),
        (r"\operatorname{arg\,max} f", "arg max f"),
        (r"\mathrm{d}x", "d x"),
        (r"\frac{2}{1}", "StartFraction 2 Over 1 EndFraction"),
        (r"\begin{aligned} a &= b \end{aligned}", "a equals b"),
        (r"a \text{ s.t. } b", "a s.t. b"),
    ],
)
def test_what_the_engine_says_wrong_is_said_right(tex, said):
    assert words(*mathml([tex])) == said


@pytest.mark.parametrize(
    "tex", [r"\sum_{i=1}^n x_i", r"\max_w f", r"\lim_{x \to 0} f", r"\int_0^1"]
)
def test_limits_within_a_line_are_said_as_in_a_display(tex):
    (inline,) = mathml([tex], "InlineMath")
    (display,) = mathml([tex])
    assert inline != display
    assert words(inline) == words(display)


@pytest.mark.parametrize("tex", ["", " ", "{}", r"\quad", r"\phantom{x}"])
def test_an_empty_formula_is_called_blank(tex):
    assert words(*mathml([tex])) == "blank"


@pytest.mark.parametrize(
    ("character", "said"),
    [
        ("☃", "snowman"),
        ("⋈", "bowtie"),
        ("⇉", "right paired arrows"),
        ("\ue000", "unknown symbol"),
        ("中", "中"),
        ("é", "é"),
        ("𝔟", "German b"),
        ("𝝀", "bold lamda"),
        ("𝟘", "double struck 0"),
    ],
)
def test_any_character_has_a_name(character, said):
    assert words(f"<math><mi>{character}</mi></math>") == said


def test_every_symbol_of_mathematics_has_a_name():
    for code in [*range(0x2190, 0x2300), *range(0x1D400, 0x1D800)]:
        assert words(f"<math><mo>{chr(code)}</mo></math>")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("<mrow>", "</mrow>"),
        ("<mfrac><mn>1</mn>", "</mfrac>"),
        ("<msqrt>", "</msqrt>"),
        ("<msub><mi>x</mi>", "</msub>"),
        ("<msup>", "<mi>n</mi></msup>"),
        ("<mtable><mtr><mtd>", "</mtd></mtr></mtable>"),
    ],
)
def test_what_is_nested_a_thousand_times_ends_in_and_so_on(start, end):
    deep = f"<math>{start * 1000}<mi>x</mi>{end * 1000}</math>"
    said = words(deep)
    assert "and so on" in said
    assert len(said) <= LONGEST


def test_a_long_formula_is_cut_after_a_word():
    said = words(f"<math>{'<mi>π</mi><mo>+</mo>' * 10_000}</math>")
    assert LONGEST - 20 < len(said) <= LONGEST
    assert re.fullmatch("(pi plus )+(pi )?and so on", said)


def test_a_formula_just_short_enough_is_not_cut():
    said = words(f"<math>{'<mi>x</mi>' * 1000}</math>")
    assert said == "x " * 999 + "x"


def test_text_of_strangers_stays_text():
    (written,) = mathml([r'\text{<!DOCTYPE x> & "</math> ]]>} + a'])
    assert words(written) == '<!DOCTYPE x> & "</math> ]]> plus a'


@pytest.mark.parametrize("code", [1, 8, 11, 27, 31, 0xFFFE, 0xFFFF])
def test_characters_that_xml_cannot_hold_do_no_harm(code):
    said = words(*mathml([rf"\text{{a{chr(code)}b}}"]))
    assert said.startswith("a")
    assert said.endswith("b")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x_n",
        "<math><mi>x</math>",
        "<math><mi>&name;</mi></math>",
        '<!DOCTYPE m [<!ENTITY e SYSTEM "/etc/hosts">]><math>&e;</math>',
    ],
)
def test_what_is_no_mathml_is_refused(wrong):
    with pytest.raises(ValueError, match="Expected one <math>"):
        words(wrong)
