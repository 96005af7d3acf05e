"""The hand-ins of a course, as learning platforms download them.

ZIPs in one folder (Blackboard), a folder a student with a ZIP or the files
themselves (Moodle, ILIAS), or folders around these.
"""

import glob

MACOS = "__MACOSX"  # its folder of hidden files
CODE = ".ipynb", ".py"
PACKED = ".zip", ".rar", ".7z", ".tar", ".gz", ".tgz"


def hand_ins(folder):
    """(label, path) of the hand-ins in a folder: ZIPs, or folders of files.

    Parameters
    ----------
    folder : Path
    """
    inner = folder
    while len(inside := seen(inner)) == 1 and inside[0].is_dir():
        inner = inside[0]
    for place in seen(inner):
        for found in below(place):
            yield str(found.relative_to(folder)), found
    if inner != folder and not any(map(below, seen(inner))):
        yield inner.name, inner


def below(place):
    """The ZIPs at or below a path, or itself, whatever a folder holds."""
    if not place.is_dir():
        is_packed = place.is_file() and place.suffix.lower() in PACKED
        return [place] if is_packed else []
    names = glob.glob("**/*", root_dir=place, recursive=True)  # none hidden
    files = [place / name for name in sorted(names) if MACOS not in name]
    has_code = any(file.suffix.lower() in CODE for file in files)
    zips = [f for f in files if f.suffix.lower() == ".zip" and f.is_file()]
    return zips if zips and not has_code else [place]


def seen(folder):
    """What is in a folder, without hidden files and what a check wrote."""
    paths = sorted(folder.glob("[!.]*"))
    return [path for path in paths if path.stem not in (MACOS, "summary")]
