"""What a stranger's code imports and names, as far as it is seen unrun."""

import ast
import re
from importlib.machinery import PathFinder

from submission.imports import imported_in

IMPORTERS = {"import_module", "__import__", "run_module", "resolve_name"}
UNSEEN = IMPORTERS | {"__builtins__", "importlib"}  # but in calls
RUNNERS = {"exec", "eval", "compile"}
METHODS = {"run_cell", "ex"}  # of IPython, that run code
# What of importlib imports nothing, or is seen.
KNOWN_PARTS = {"import_module", "reload", "metadata", "resources"}
LOADERS = {
    *("importlib.util", "importlib.machinery", "pkgutil", "ctypes"),
    "builtins",
}
SHELLS = {
    *("system", "getoutput", "popen", "run", "call", "check_call", "Popen"),
    *("check_output", "run_line_magic", "run_cell_magic"),
}
INSTALL = re.compile(r"\b(?:pip3?|conda|mamba)\s+install\s+([^\n;&|#]*)")
PACKAGE = re.compile(r"[A-Za-z][\w.-]*")
ELSEWHERE = re.compile(r"\b(pip3?|conda|mamba)\s+install\b.*(://|\.whl\b)")
FILE = re.compile(r"\.(txt|toml|ya?ml|whl)$|^[\w+]+:")
TOOLS = re.compile(  # that test, convert or show
    r"pytest|mpl_toolkits|jupyter|nb|ipy|notebook|tqdm|"
    r"pip$|setuptools|wheel|pandoc|pypandoc|texlive|playwright|pyppeteer|"
    r"chromium|gdown|watermark|black|ruff",
    re.I,
)
MODULES = {  # of packages that are named otherwise
    "scikit_learn": "sklearn",
    "opencv_python": "cv2",
    "pillow": "PIL",
    "scikit_image": "skimage",
    "pyyaml": "yaml",
}


def imports_of(tree):
    """Names that some code imports, by whatever way that can be seen.

    Returns
    -------
    names : set of str
        Modules, and attributes that are modules of installed packages.
    hidden : list of str
        What imports in a way that is not seen.

    Examples
    --------
    >>> code = '''
    ... import sklearn as sk
    ... __import__("tor" + "ch")
    ... sk.linear_model.Ridge()
    ... exec(text)
    ... '''
    >>> sorted(imports_of(ast.parse(code))[0])
    ['sklearn', 'sklearn.linear_model', 'torch']
    >>> imports_of(ast.parse(code))[1]
    ['exec(...)']
    """
    names = set(map(module_of, imported_in(tree)))
    hidden, bound = sorted(names & LOADERS), bindings(tree)
    nodes = list(ast.walk(tree))
    seen = {node.func for node in nodes if isinstance(node, ast.Call)}
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    seen |= {node.value for node in attributes if node.attr in KNOWN_PARTS}
    for node in nodes:
        name = getattr(node, "attr", getattr(node, "id", None))
        if name in UNSEEN and node not in seen:
            hidden.append(name)
        if isinstance(node, ast.Call):
            more, is_hidden = imports_of_call(node, bound)
            names |= more
            hidden += [f"{called(node, bound)}(...)"] * is_hidden
        elif isinstance(node, ast.Attribute):
            names |= {module_of(dotted(node, bound))} - {""}
        elif isinstance(node, ast.Subscript):
            text = constant(node.slice)
            if text and dotted(node.value, bound) == "sys.modules":
                names.add(text)
    return names, hidden


def module_of(name):
    """The longest module that a dotted name begins with.

    Nothing is imported for it: the folders of installed packages are looked
    into. Of other packages all parts are taken for modules.

    Examples
    --------
    >>> module_of("sklearn.linear_model.Ridge")
    'sklearn.linear_model'
    """
    found, *parts = name.split(".")
    spec = PathFinder.find_spec(found) if found else None
    if not (spec and spec.submodule_search_locations):
        return name
    for part in parts:
        folders = spec.submodule_search_locations or []
        spec = PathFinder.find_spec(f"{found}.{part}", folders)
        if not spec:
            break
        found = spec.name
    return found


def bindings(tree):
    """Names that import statements bind, and what they stand for."""
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                bound |= {alias.asname: alias.name, top: top}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                bound[alias.asname or alias.name] = name
    return bound


def dotted(node, bound):
    """The full name of `a.b.c`; empty if it does not start with an import."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id in bound:
        return ".".join([bound[node.id], *reversed(parts)])
    return ""


def imports_of_call(node, bound):
    """What a call imports or installs, and whether that is not seen."""
    name = called(node, bound)
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    texts = [constant(value) for value in values]
    if name == "getattr" and len(texts) > 1 and texts[1]:
        module = dotted(node.args[0], bound)
        return {module_of(f"{module}.{texts[1]}")} if module else set(), False
    is_method = isinstance(node.func, ast.Attribute)
    runs = name in (METHODS if is_method else RUNNERS)
    if name in IMPORTERS or runs:
        if not texts or texts[0] is None:
            return set(), bool(node.args)
        if name in IMPORTERS:
            return {texts[0].partition(":")[0]}, False
        return imports_in_text(texts[0]), False
    if name not in SHELLS:
        return set(), False
    words = " ".join(filter(None, texts))
    found = imports_in_text(texts[-1]) if name.endswith("_magic") else set()
    for program in re.findall(r"-c ['\"]?([^'\"]+)", words):
        found |= imports_in_text(program)
    return found | installed(words), bool(ELSEWHERE.search(words))


def imports_in_text(text):
    """What a text imports, if it is code."""
    try:
        return imports_of(ast.parse(text or ""))[0]
    except (SyntaxError, ValueError):
        return set()


def installed(command):
    """The modules that a command line installs, without tools.

    Examples
    --------
    >>> sorted(installed("pip install -q torch==2.1 scikit-learn jupyter"))
    ['sklearn', 'torch']
    """
    words = " ".join(INSTALL.findall(command)).split()
    packages = [
        PACKAGE.match(word)[0].lower().replace("-", "_")
        for word in (word.strip("'\"") for word in words)
        if PACKAGE.match(word) and not (TOOLS.match(word) or FILE.search(word))
    ]
    return {MODULES.get(package, package) for package in packages}


def called(node, bound):
    """The last name of what a call calls."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return bound.get(name, name).rpartition(".")[2]


def constant(node):
    """The text that an expression of constants is; None if it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [constant(node.left), constant(node.right)]
        return None if None in parts else "".join(parts)
    if isinstance(node, (ast.List, ast.Tuple)):
        return " ".join(filter(None, map(constant, node.elts)))
    return None
