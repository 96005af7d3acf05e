"""What of some modules the code that imports them can reach, by name.

A function, method or class is reached when its name is used in code that is
reached. That may keep too much, where two things share a name, but leaves out
nothing that is called by its name.
"""

import ast
import re

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def used_names(entries, modules):
    """Names that some code uses, itself or in what it calls in modules.

    Parameters
    ----------
    entries, modules : lists of ast.Module

    Returns
    -------
    set of str

    Examples
    --------
    >>> module = ast.parse("def f(): g(1)\\ndef g(x): pass\\ndef h(): k()")
    >>> sorted(used_names([ast.parse("f()")], [module]))
    ['f', 'g']
    """
    used = set().union(*map(names_in, entries))
    waiting = [unit for module in modules for unit in units(module)]
    while reached := {unit for unit in waiting if is_reached(unit, used)}:
        waiting = [unit for unit in waiting if unit not in reached]
        for unit in reached:
            used = used | names_in(unit)
            waiting += units(unit) if isinstance(unit, ast.ClassDef) else []
    return used


def units(parent):
    """The statements of a module, or the methods of a class."""
    if isinstance(parent, ast.ClassDef):
        return [node for node in parent.body if isinstance(node, FUNCTIONS)]
    return parent.body


def is_reached(unit, used):
    """Whether a statement runs on import or has a name that is used."""
    if isinstance(unit, (*FUNCTIONS, ast.ClassDef)):
        return unit.name in used or unit.name.startswith("__")
    if isinstance(unit, ast.Assign):
        return any(names_in(target) & used for target in unit.targets)
    if isinstance(unit, (ast.Import, ast.ImportFrom)):
        names = (alias.asname or alias.name for alias in unit.names)
        return any(name.partition(".")[0] in used for name in names)
    return not is_docstring(unit)


def names_in(node):
    """Names and attributes in some code, without the methods of a class."""
    nodes = [node]
    names = set()
    while nodes:
        node = nodes.pop()
        names |= {getattr(node, "id", None), getattr(node, "attr", None)}
        nodes += [
            child
            for child in ast.iter_child_nodes(node)
            if not (
                isinstance(node, ast.ClassDef) and isinstance(child, FUNCTIONS)
            )
        ]
    return names - {None}


def excerpt(source, used, docstring_lines=1):
    """The part of a module's source that is reached.

    Parameters
    ----------
    source : str
    used : set of str
        As `used_names` returns it.
    docstring_lines : int
        How many lines of each docstring to keep.

    Examples
    --------
    >>> print(excerpt("def f():\\n    return 1\\ndef g(): pass", {"f"}))
    def f():
        return 1
    """
    lines = source.rstrip().split("\n")
    tree = ast.parse(source)
    dropped = set()
    for parent in ast.walk(tree):
        if isinstance(parent, (ast.Module, ast.ClassDef)):
            for unit in units(parent):
                if not (is_docstring(unit) or is_reached(unit, used)):
                    dropped |= lines_of(unit) | comment_above(lines, unit)
        if isinstance(parent, (ast.Module, ast.ClassDef, *FUNCTIONS)):
            first = parent.body[0] if parent.body else None
            if is_docstring(first) and len(lines_of(first)) > docstring_lines:
                shorten(lines, first, docstring_lines)
                dropped |= set(sorted(lines_of(first))[docstring_lines:])
    kept = [line for i, line in enumerate(lines, 1) if i not in dropped]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def shorten(lines, docstring, count):
    """Close a docstring at the end of its first lines."""
    if count:
        last = docstring.lineno + count - 2
        lines[last] = lines[last].rstrip() + '"""'


def lines_of(node):
    """The numbers of the lines of a statement and what decorates it."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)])
    return set(range(first, node.end_lineno + 1))


def comment_above(lines, node):
    """The numbers of the lines of the comment that leads to a statement."""
    first = last = min(lines_of(node))
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    return set(range(first, last))


def is_docstring(node):
    """Whether a statement is a text alone."""
    return isinstance(node, ast.Expr) and isinstance(
        getattr(node.value, "value", None), str
    )
