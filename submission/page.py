"""The page of a course's hand-ins: a line for each, problems unfold."""

from collections import Counter
from html import escape
from urllib.parse import quote

LOOK = "look yourself: "
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto;
       max-width: 60rem; padding: 0 1rem; color: #111; background: #fff }}
details {{ border-bottom: 1px solid #bbb }}
summary {{ padding: .4rem 0; cursor: pointer }}
.result {{ display: inline-block; width: 8rem; font-weight: bold }}
.pass {{ color: #00603c }} .fail, .not {{ color: #a11 }}
.look {{ color: #6a4a00 }} li {{ overflow-wrap: anywhere }}
</style>
<h1>{title}</h1>
<p>{counts}. Open a line to see why. What says <em>look yourself</em> is
advice: no hand-in fails by it.</p>
{lines}
</html>
"""
LINE = """\
<details><summary><span class="result {kind}">{result}</span>
<bdi>{file}</bdi>{sheet}</summary>
{pdf}<ul>
{items}
</ul></details>"""


def page(reports):
    """The page as HTML.

    Parameters
    ----------
    reports : list of dict
        As `submission.look.ask` returns them, with the `pdf` to link to.
    """
    results = [result_of(report) for report in reports]
    counts = Counter(results).items()
    return PAGE.format(
        title=f"{len(reports)} hand-ins",
        counts=", ".join(f"{count} {result}" for result, count in counts),
        lines="\n".join(map(line, reports, results)),
    )


def result_of(report):
    """The result in a word or two."""
    if "error" in report:
        return "not readable"
    states = {result["state"] for result in report["rules"]}
    passed = "look yourself" if "look" in states else "pass"
    return "fail" if "fail" in states else passed


def sentences(result):
    """What a rule has to say of a hand-in: a sentence for each problem."""
    for problem in result["problems"]:
        look = LOOK if problem["look"] else ""
        cell = f", cell {problem['cell']}" if problem["cell"] else ""
        yield f"{look}{problem['file']}{cell}: {problem['text']}"


def line(report, result):
    """A hand-in as HTML."""
    items = [report["error"]] if "error" in report else []
    for rule in report.get("rules", ()):
        items += [f"{rule['demand']} {text}" for text in sentences(rule)]
    items = [f"<li><bdi>{escape(item)}</bdi></li>" for item in items]
    link = report.get("pdf")
    return LINE.format(
        kind=result.split()[0],
        result=result,
        file=escape(report["file"]),
        sheet=escape(f", {report['sheet']}" if report["sheet"] else ""),
        pdf=f'<p><a href="{quote(link)}">PDF</a></p>\n' if link else "",
        items="\n".join(items) or "<li>Nothing to say.</li>",
    )
