"""A ZIP as its rules see it: entries, their names as meant, and no bombs."""

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from itertools import pairwise
from pathlib import PurePosixPath

MAX_FILES = 2000
MAX_BYTES = 200 * 2**20  # unpacked
LITTER = {
    *("__pycache__", "__MACOSX", "$RECYCLE.BIN", "Thumbs.db"),
    *("desktop.ini", "Desktop.ini", "Icon\r"),
}
LITTER_ENDS = (".pyc", "-checkpoint.ipynb")
ENCRYPTED, UTF8_NAMES = 1, 0x800  # flags of a ZIP entry
UNICODE_PATH = 0x7075  # extra field of Info-ZIP's `zip`


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
        self.is_encrypted = bool(info.flag_bits & ENCRYPTED)
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
        kind, size = struct.unpack_from("<HH", extra)
        content, extra = extra[4 : 4 + size], extra[4 + size :]
        is_of_raw = content[1:5] == zlib.crc32(raw).to_bytes(4, "little")
        if kind == UNICODE_PATH and is_of_raw:
            raw = content[5:]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp850")


def why_a_bomb(infos):
    """Why the files of an archive are not read; None if they are."""
    size = sum(info.file_size for info in infos)
    if size > MAX_BYTES or len(infos) > MAX_FILES:
        return f"It holds {len(infos)} files and unpacks to {size >> 20} MiB."
    infos = sorted(infos, key=lambda info: info.header_offset)
    for info, after in pairwise(infos):
        if info.header_offset + info.compress_size > after.header_offset:
            return f"{after.filename!r} lies inside of {info.filename!r}."
    return None


def unpack(file, folder):
    """Write what holds work and is not damaged into a folder."""
    with zipfile.ZipFile(file) as archive:
        for entry in map(Entry, archive.infolist()):
            if entry.holds_work:
                entry.info.filename = entry.path
                # It may be a link or a pipe by now.
                (folder / entry.path).unlink(missing_ok=True)
                try:
                    archive.extract(entry.info, folder)
                except OSError:
                    raise
                except Exception:  # a stranger's: many kinds; a rule tells it
                    continue
