"""The hand-ins of a course, as learning platforms download them.

ZIPs in one folder (Blackboard), a folder a student with a ZIP or the files
themselves (Moodle, ILIAS), or folders around these.
"""

import glob

MACOS = "__MACOSX"  # its folder of hidden files
CODE = ".ipynb", ".py"
FILES, TEXT = "_assignsubmission_file", "_assignsubmission_onlinetext"
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
    kinds = {file.suffix.lower() for file in files}
    packed = [f for f in files if f.suffix.lower() in PACKED and f.is_file()]
    packed = [f for f in packed if f.suffix.lower() == ".zip"] or packed
    if packed and kinds.isdisjoint(CODE):
        return packed
    # Moodle has a folder for a student's note, too.
    sent = place.with_name(place.name.replace(TEXT, FILES))
    is_note = kinds.isdisjoint([*CODE, ".pdf"]) and sent != place
    return [] if is_note and sent.exists() else [place]


def seen(folder):
    """What is in a folder, without hidden files and what a check wrote."""
    written = {MACOS, "summary.csv", "summary.html"}
    if all(path.stem.isdigit() for path in (folder / "summary").glob("[!.]*")):
        written.add("summary")  # a folder of PDFs, by number
    paths = sorted(folder.glob("[!.]*"))
    return [path for path in paths if path.name not in written]
