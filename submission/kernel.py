"""A Jupyter kernel with limits, which tells what the notebook imports."""

import os
import re
import sys

MAX_MEMORY = 4 * 2**30
MAX_SECONDS = 1800  # of computing, of all threads together
MAX_FILE = 2**29
MAX_PROCESSES = 128
FOLDER = os.path.dirname(os.path.abspath(__file__))
TOOLS = "IPython", "ipykernel", "traitlets", "tornado"


def tell_imports(path):
    """Send the name of each module that the notebook imports.

    A hook of this kind cannot be taken out again, and what is sent cannot be
    taken back. A name that the notebook may have had imported by the standard
    library or by IPython starts with `~`.
    """
    pipe = os.open(path, os.O_WRONLY)
    write, get_frame = os.write, sys._getframe

    def hook(event, arguments):
        if event != "import":
            return
        frame, passed = get_frame(1), set()
        while frame and (kind := kind_of(frame.f_code.co_filename)):
            passed.add(kind)
            frame = frame.f_back
        is_its_own = frame or "tool" not in passed  # or of a thread
        if "package" not in passed and is_its_own:
            mark = "~" if passed - {"importer"} else ""
            write(pipe, f"{mark}{arguments[0]}\n".encode())

    sys.addaudithook(hook)


def kind_of(file):
    """What a file of code belongs to; nothing if it is the notebook's own."""
    if file.startswith("<") or file.endswith("importlib/__init__.py"):
        return "importer"
    if not file.startswith((sys.prefix, sys.base_prefix, FOLDER)):
        return ""
    *library, package = re.split(r"(?:site|dist)-packages[\\/]", file)
    if not (library or file.startswith(FOLDER)):
        return "library"
    return "tool" if package.startswith(TOOLS) else "package"


def main():
    """Become the kernel."""
    from ipykernel.kernelapp import launch_new_instance

    # This folder's modules are not the notebook's.
    sys.path[0] = ""
    if path := os.environ.pop("SEEN_IMPORTS", None):
        tell_imports(path)
    launch_new_instance()


if __name__ == "__main__":
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, here)
    from submission.look import limit

    limit(MAX_MEMORY, MAX_SECONDS, MAX_FILE, MAX_PROCESSES)
    sys.path.remove(here)
    main()
