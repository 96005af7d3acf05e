"""A ZIP as its rules see it: entries, their names as meant, bounded reading.

Whoever made it is not trusted: what it says of its sizes is not believed.
"""

import re
import stat
import unicodedata
import zipfile
import zlib
from itertools import pairwise
from pathlib import PurePosixPath

MAX_FILES = 2000
MAX_BYTES = 200 * 2**20  # unpacked
MAX_DIRECTORY = 2**20  # bytes of the list of entries
CHUNK = 2**16
LITTER = {
    *("__pycache__", "__MACOSX", "$RECYCLE.BIN", "Thumbs.db"),
    *("desktop.ini", "Desktop.ini", "Icon\r"),
}
LITTER_ENDS = (".pyc", "-checkpoint.ipynb")
UTF8_NAMES = 0x800  # flag of a ZIP entry
UNICODE_PATH = 0x7075  # extra field of Info-ZIP's `zip`
END_OF_DIRECTORY = b"PK\x05\x06"
UNREADABLE = {
    RuntimeError: "it is encrypted",
    NotImplementedError: "its compression method is unknown",
    MemoryError: "it needs too much memory",
}


class Entry:
    """A file or folder in a ZIP."""

    def __init__(self, info):
        self.info = info
        name = decoded_name(info).replace("\\", "/")  # as .NET writes it
        path = PurePosixPath(unicodedata.normalize("NFC", name))
        self.path, self.parts = str(path), path.parts
        kind = stat.S_IFMT(info.external_attr >> 16)
        self.is_link = kind not in (0, stat.S_IFREG, stat.S_IFDIR)
        self.is_folder = name.endswith("/") or kind == stat.S_IFDIR
        self.is_litter = self.path.endswith(LITTER_ENDS) or any(
            part in LITTER
            or (part.startswith((".", "~$")) and part not in (".", ".."))
            for part in self.parts
        )
        self.is_unseen = "__MACOSX" in self.parts or path.name == ".DS_Store"
        self.leaves_folder = (
            ".." in self.parts
            or self.path.startswith("/")
            or bool(re.match("[A-Za-z]:/", self.path))
        )
        self.holds_work = not (
            self.is_folder
            or self.is_link
            or self.is_litter
            or self.leaves_folder
        )


def decoded_name(info):
    """The name of a ZIP entry as it was meant, whichever tool wrote it.

    The format knows code page 437 and UTF-8. Tools that flag neither write
    UTF-8 all the same; Info-ZIP's puts it into an extra field; Windows
    writes the code page of its language, mostly 850.
    """
    if info.flag_bits & UTF8_NAMES:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    extra = info.extra
    while len(extra) >= 4:
        kind, size = (
            int.from_bytes(extra[i : i + 2], "little") for i in (0, 2)
        )
        checksum, name = extra[5:9], extra[9 : 4 + size]
        is_of_raw = checksum == zlib.crc32(raw).to_bytes(4, "little")
        if kind == UNICODE_PATH and is_of_raw:
            raw = name
        extra = extra[4 + size :]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp850")


def opened(file):
    """A seekable file as a ZipFile; a BadZipFile if it is none or too large.

    Memory for each entry is taken as soon as a ZipFile is made, so the length
    of their list is looked at before.
    """
    file.seek(max(0, file.seek(0, 2) - 2**16 - 22))
    tail = file.read()
    at = tail.rfind(END_OF_DIRECTORY)
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at >= 0 and directory > MAX_DIRECTORY:
        raise zipfile.BadZipFile(f"it lists far more than {MAX_FILES} files")
    try:
        return zipfile.ZipFile(file)
    except (UnicodeDecodeError, ValueError, OverflowError) as error:
        raise zipfile.BadZipFile(f"its list is damaged: {error}") from None


def why_a_bomb(entries):
    """Why the files of an archive are not read; None if they are."""
    size = sum(entry.info.file_size for entry in entries)
    if size > MAX_BYTES or len(entries) > MAX_FILES:
        return (
            f"It holds {len(entries)} files and unpacks to {size >> 20} MiB."
        )
    infos = sorted((e.info for e in entries), key=lambda i: i.header_offset)
    for info, after in pairwise(infos):
        if info.header_offset + info.compress_size > after.header_offset:
            return f"{after.filename!r} lies inside of {info.filename!r}."
    return None


def contents(archive, info, most=MAX_BYTES):
    """The bytes of an entry, unpacked in pieces, and their number.

    Of more than `most` bytes only the number is returned. A ZipFile gives no
    more bytes than an entry says it has, if it is asked for few at a time.
    """
    pieces, size = [], 0
    with archive.open(info) as file:
        while piece := file.read(CHUNK):
            size += len(piece)
            pieces.append(piece)
            if size > most:
                pieces.clear()
    return (b"".join(pieces) if size <= most else None), size


def unpack(file, folder):
    """Write what holds work and is not damaged into a folder."""
    archive = opened(file)
    for entry in map(Entry, archive.infolist()):
        if entry.holds_work:
            try:
                data, _ = contents(archive, entry.info)
            except Exception:  # a stranger's: many kinds; a rule tells it
                continue
            target = folder / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)  # be it a link or a pipe by now
            target.write_bytes(data)


def reason(error):
    """Why an entry cannot be unpacked, in a few words."""
    return UNREADABLE.get(type(error), "it is damaged")
