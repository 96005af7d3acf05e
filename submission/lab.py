"""Explore the notebooks in JupyterLab, on copies that git ignores.

So whoever tries something out changes nothing that is compared or handed in.
Standard library only.
"""

import json
import os
import sys
from itertools import groupby

from submission.files import (
    EXPLORE,
    NOTEBOOKS,
    ROOT,
    cell_sources,
    relative,
    write_whole,
)

FIRST = "00_explore.ipynb"  # is opened
ORIGINALS = EXPLORE / ".originals"  # what the copies were made from
PROMPT = "submission.prompt.PromptConnection"
HIDDEN = ["notebooks", "__pycache__", "*.pyc", "*~"]  # in the list of files


def provide_copies():
    """Copy the notebooks, and what stands beside them, into explore/.

    A notebook that somebody has written in stays, with its captions; when
    its original has changed since, that is said. Outputs do not count.
    """
    files = [path.relative_to(NOTEBOOKS) for path in NOTEBOOKS.rglob("*.*")]
    files = sorted(filter(is_shown, files))
    for stem, group in groupby(files, key=lambda name: name.with_suffix("")):
        group = list(group)
        if all(map(is_untouched, group)):
            for name in group:
                data = (NOTEBOOKS / name).read_bytes()
                for folder in EXPLORE, ORIGINALS:
                    write_whole(folder / name, data)
        elif any(map(has_changed, group)):
            print(
                f"There is a new {stem}, but you have written in your copy, "
                f"so it stays; rename it in explore/ to get the new one, too.",
                file=sys.stderr,
            )


def is_shown(name):
    """Whether a file is a notebook, its captions or a picture."""
    is_hidden = any(part.startswith(".") for part in name.parts)
    return name.suffix in {".ipynb", ".toml", ".png"} and not is_hidden


def is_untouched(name):
    """Whether a copy holds nothing but what was copied."""
    copy, original = EXPLORE / name, ORIGINALS / name
    if not copy.exists():
        return True
    return original.exists() and written(copy) == written(original)


def has_changed(name):
    """Whether the original is no longer what was copied."""
    return written(NOTEBOOKS / name) != written(ORIGINALS / name)


def written(path):
    """What people write into a file: of a notebook, the text of its cells."""
    if path.suffix == ".ipynb":
        try:
            return cell_sources(path, "markdown", "code", "raw")
        except (ValueError, KeyError):
            pass  # it is no notebook any more
    return path.read_bytes() if path.exists() else b""


def lab_arguments():
    """The command line of JupyterLab, which opens the first notebook."""
    first = EXPLORE / FIRST
    opened = first if first.exists() else EXPLORE
    arguments = [
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{relative(opened).as_posix()}",
        f"--ContentsManager.hide_globs={json.dumps(HIDDEN)}",
        f"--ServerApp.kernel_websocket_connection_class={PROMPT}",
    ]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*arguments, *(["--allow-root"] if is_root else [])]
