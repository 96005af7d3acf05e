"""The hand-ins of a course, as learning platforms download them.

ZIPs in one folder (Blackboard), a folder a student with a ZIP or the files
themselves (Moodle, ILIAS), or folders around these.
"""

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
    files = sorted(path for path in place.rglob("*") if is_seen(path, place))
    has_code = any(file.suffix.lower() in CODE for file in files)
    zips = [f for f in files if f.suffix.lower() == ".zip" and f.is_file()]
    return zips if zips and not has_code else [place]


def seen(folder):
    """What is in a folder, without hidden files and what a check wrote."""
    return sorted(
        path
        for path in folder.iterdir()
        if is_seen(path, folder) and path.stem != "summary"
    )


def is_seen(path, folder):
    """Whether neither a path nor a folder between is hidden."""
    parts = path.relative_to(folder).parts
    return not any(p.startswith((".", "__MACOSX")) for p in parts)
