"""Small faults in modules, and how many of them the tests see.

`python tests/mutants.py 10 helpers/knn.py submission/archive.py` plants ten
random faults in each module, one at a time in a copy of the project, and runs
the module's tests there. Faults that no test sees are printed.
"""

import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from copy import deepcopy
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "build", "explore", "__pycache__")
TESTS = {  # where they are, if not in tests/test_<name of the module>.py
    "archive": ["inbox", "fair", "check"],
    "code": ["fair", "tricks"],
    "figure_rules": ["display"],
    "files": ["run", "pack", "sheets"],
    "imports": ["pack"],
    "nearest": ["nearest", "knn"],
    "plots": ["display", "plots"],
    "reach": ["pdf"],
}
QUICK = "not (new_run or hostile or mutated_hand)"
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
PAIRS = [
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq)),
    *((ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.And, ast.Or)),
    *((ast.Add, ast.Sub), (ast.Mult, ast.Div)),
]
SWAPPED = dict([*PAIRS, *((other, one) for one, other in PAIRS)])


def changed(node):
    """The node with the small fault that fits it; None if none does."""
    match node:
        case ast.Compare(ops=[op, *_]) if type(op) in SWAPPED:
            node.ops[0] = SWAPPED[type(op)]()
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign():
            if type(node.op) not in SWAPPED:
                return None
            node.op = SWAPPED[type(node.op)]()
        case ast.UnaryOp(op=ast.Not()):
            node = ast.Call(ast.Name("bool"), [node.operand], [])
        case ast.Constant(value=bool(value)):
            node = ast.Constant(not value)
        case ast.Constant(value=int(value)):
            node = ast.Constant(value + 1)
        case ast.Call() if any(word.arg == "axis" for word in node.keywords):
            node.keywords = [w for w in node.keywords if w.arg != "axis"]
        case ast.Return(value=ast.Name() | ast.Attribute()):
            node = ast.Return(ast.Constant(None))
        case _:
            return None
    return ast.unparse(node)


def faults(source):
    """The source, once with each fault."""
    tree, data = ast.parse(source), source.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    strings = [n for n in ast.walk(tree) if isinstance(n, ast.JoinedStr)]
    misplaced = {part for string in strings for part in ast.walk(string)}
    for node in ast.walk(tree):
        text = changed(deepcopy(node))
        if text is not None and node not in misplaced:
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            yield (data[:start] + text.encode() + data[end:]).decode()


def passed(project, module, seconds=900):
    """Whether a module's tests and doctests pass, and in time."""
    names = TESTS.get(module.stem, [module.stem])
    files = [module, *(f"tests/test_{name}.py" for name in names)]
    options = ["-xq", "-pno:cacheprovider", "--doctest-modules", f"-k{QUICK}"]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *files],
        cwd=project,
        env=os.environ | ENVIRONMENT | {"TMPDIR": project.parent},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return run.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        return run.wait() == 0


def missed(project, module, count, seed=0):
    """Plant faults; the number planted, and those not seen as diffs."""
    source, start = (project / module).read_text("utf-8"), time.time()
    if not passed(project, module):
        sys.exit(f"{module}: its tests fail without a fault. Mend them first.")
    limit, every = 3 * (time.time() - start) + 20, list(faults(source))
    count, diffs = min(count, len(every)), []
    chosen = random.Random(f"{seed}{module}").sample(every, count)
    for faulty in chosen:
        (project / module).write_text(faulty, "utf-8")
        if passed(project, module, limit):
            lines = source.splitlines(), faulty.splitlines()
            diffs.append("\n".join([*unified_diff(*lines, n=0)][2:]))
            print(diffs[-1], flush=True)
    (project / module).write_text(source, "utf-8")
    return count, diffs


def main(count, *modules):
    """Plant so many faults in each module; print what was not seen."""
    seen = planted = 0
    with TemporaryDirectory() as folder:
        project = Path(folder, "project")
        shutil.copytree(ROOT, project, ignore=LEFT_OUT)
        for module in map(Path, modules):
            number, diffs = missed(project, module, int(count))
            seen, planted = seen + number - len(diffs), planted + number
            print(f"{module}: {number - len(diffs)} of {number}", flush=True)
    print(f"In all, the tests see {seen} of {planted} faults.")


if __name__ == "__main__":
    main(*sys.argv[1:])
