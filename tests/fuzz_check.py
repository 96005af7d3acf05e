"""Mutated hand-ins, each looked at within the limits of `submission.look`.

`python tests/fuzz_check.py 20000` looks at so many, in forked processes, and
prints what became of them and what they took at most.
"""

import json
import os
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent))

from making import NAME, answers, code, hand_in, notebook, report, text

from submission.check import SHEETS
from submission.look import MAX_MEMORY, MAX_SECONDS, limit
from submission.look import report as look

BATCH = 25  # hand-ins that one process looks at, one after the other
JUNK = [
    None,
    -1,
    2**70,
    "",
    "x" * 1000,
    [],
    {},
    [[]],
    "## 1.1",
    "import x",
    0.5,
]
TOKENS = [
    *(b"null", b"0 R", b"/Length 99999999", b"[", b"]", b"<<", b">>", b"\0"),
    *(b"endstream", b"obj", b"PK\x01\x02", b"PK\x03\x04", b"\xff\xff\xff\xff"),
    *(b"1e999", b"-1", b"2147483648", b'"', b"\\", b"/Kids[2 0 R]", b"{"),
]


def mutated_bytes(data, chance):
    """Bytes with some changed, cut out, put in or moved."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 2, 4, 16])):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice([1, 2, 8, 100, 1000]))
        kind = chance.randrange(6)
        if kind == 0:
            data[at:end] = chance.randbytes(end - at)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = chance.choice(TOKENS)
        elif kind == 3:
            piece = data[at:end]
            other = chance.randrange(len(data) + 1)
            data[other:other] = piece * chance.choice([1, 2, 50])
        elif kind == 4:
            numbers = list(re.finditer(rb"\d+", data))
            if numbers:
                found = chance.choice(numbers)
                number = b"%d" % chance.choice([0, 1, 2, 3, 5, 99, 10**9])
                data[found.start() : found.end()] = number
        else:
            del data[at if at else 1 :]
        if not data:
            data = bytearray(b"x")
    return bytes(data)


def mutated_json(node, chance):
    """JSON with some values replaced by others."""
    if chance.random() < 0.03:
        return chance.choice(JUNK)
    if isinstance(node, list):
        return [mutated_json(item, chance) for item in node]
    if isinstance(node, dict):
        return {
            key: mutated_json(value, chance) for key, value in node.items()
        }
    return node


def mutated(chance, documents):
    """The bytes of a mutated hand-in: of its ZIP, a notebook or its PDF."""
    cells = [text("# Sheet\n\nGrün"), *answers(ids=["1.1", "1.2"])]
    cells += [code("%matplotlib inline\nimport torch\n!ls", [None, "x"], 2)]
    kind = chance.randrange(4)
    document = chance.choice(documents)
    if kind == 0:
        return mutated_bytes(hand_in(cells=cells)[1], chance)
    if kind == 1:
        document = mutated_bytes(document, chance)
    name, data = "b.ipynb", notebook(*cells)
    if kind == 2:
        data = json.dumps(mutated_json(json.loads(data), chance)).encode()
    if kind == 3:
        data = mutated_bytes(data, chance)
    return hand_in((name, data), document=document)[1]


def documents():
    """PDFs of some tools."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure
    from nbformat.v4 import new_markdown_cell, new_notebook

    from nbtypst import TypstPDFExporter

    file = TemporaryDirectory()
    path = Path(file.name, "x.pdf")
    figure = Figure()
    figure.subplots().plot([1, 2])
    FigureCanvasPdf(figure).print_pdf(path)
    cells = [new_markdown_cell("## 1.1 Sum\n\n$x$ **y**\n\n## 1.2 B\n\n- c")]
    ours = TypstPDFExporter(author="Grün", matriculation="7654321")
    typst = ours.from_notebooks({"nb": new_notebook(cells=cells)})
    return [report(pictures=2), path.read_bytes(), typst]


def request(path):
    """What is asked of a hand-in."""
    names = {"path": str(path), "name": f"{NAME}.zip"}
    return names | {"sheets": str(SHEETS), "sheet": ""}


def outcome(found):
    """The result in a word, after a look at whether it is one."""
    if "error" in found:
        assert found["error"], found
        return "not readable"
    states = {result["state"] for result in found["rules"]}
    return "fail" if "fail" in states else "pass"


def look_apart(paths):
    """Look at hand-ins in a forked process, within the limits for one.

    Returns
    -------
    outcomes : list of (str, seconds of computing)
        Of fewer, where the process came to its end before.
    memory : float
        MiB that it took at most.
    """
    end, start = os.pipe()
    child = os.fork()
    if not child:
        limit(MAX_MEMORY, MAX_SECONDS, 2**26)
        with os.fdopen(start, "w") as pipe:
            for path in paths:
                before = time.process_time()
                result = outcome(json.loads(json.dumps(look(request(path)))))
                seconds = time.process_time() - before
                pipe.write(json.dumps([result, seconds]) + "\n")
                pipe.flush()
        os._exit(0)
    os.close(start)
    with os.fdopen(end) as pipe:
        outcomes = [json.loads(line) for line in pipe]
    _, status, usage = os.wait4(child, 0)
    if len(paths) == 1 and not outcomes:
        outcomes = [[f"ended by {status}", MAX_SECONDS]]
    return outcomes, usage.ru_maxrss / 1024


def main(count, seed=0):
    """Look at many; the exit code is 1 if one ended in no result."""
    chance, bases = random.Random(seed), documents()
    outcomes, slowest, largest, start = Counter(), 0, 0, time.time()
    with TemporaryDirectory() as folder:
        for first in range(0, count, BATCH):
            paths = [Path(folder, f"{i}.zip") for i in range(BATCH)]
            for path in paths:
                path.write_bytes(mutated(chance, bases))
            while paths:
                found, memory = look_apart(paths)
                if not found:  # the first of them took all: alone again
                    found, memory = look_apart(paths[:1])
                largest = max(largest, memory)
                for path, (result, seconds) in zip(paths, found, strict=False):
                    outcomes[result] += 1
                    slowest = max(slowest, seconds)
                    if result.startswith("ended"):
                        kept = path.rename(
                            f"ended-{sum(outcomes.values())}.zip"
                        )
                        print(f"{result}, kept as {kept}")
                paths = paths[len(found) :]
            if first % 1000 == 0:
                print(sum(outcomes.values()), dict(outcomes), flush=True)
    print(
        f"{sum(outcomes.values())} mutations in {time.time() - start:.0f} s: "
        f"{dict(outcomes)}; at most {slowest:.1f} s of computing and "
        f"{largest:.0f} MiB."
    )
    return int(any(result.startswith("ended") for result in outcomes))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
