"""Pictures of a notebook: found, looked at, and written for Typst."""

import base64
import binascii
import html
import io
import math
import re
import warnings
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes
from xml.etree import ElementTree

from PIL import Image, UnidentifiedImageError

REMOTE = re.compile(r"(?:https?:)?//", re.I)
AS_THEY_ARE = {"PNG": ".png", "JPEG": ".jpg"}
FORMATS = "PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"  # none starts a program
MOST_BYTES = 50_000_000
MOST_SVG_BYTES = 5_000_000
SVG_LINK = re.compile(rb"<image\b[^>]*href\s*=\s*[\"'](?!data:|#)", re.I)
SVG_TAG = re.compile(r"<svg\b[^>]*>", re.I)
SVG_SIZE = re.compile(r"\b(width|height|viewBox)\s*=\s*[\"']([^\"']*)[\"']")
IMG = re.compile(r'\s*<img((?:\s+[\w-]+="[^"<>]*")+)\s*/?>\s*')
ATTRIBUTE = re.compile(r'\s([\w-]+)="([^"]*)"')
WITHIN = re.compile(r"data:image/[\w.+-]+;base64,")
DOTS_PER_INCH = 96  # where a picture does not say
TEXT_WIDTH, TEXT_HEIGHT = 16.4 / 2.54, 22 / 2.54  # inches; see report.typ
LENGTH = re.compile(r"(\d{1,9}(?:\.\d*)?)(px|pt|in|cm|mm|%|)")
UNITS = {
    **{"": 1 / DOTS_PER_INCH, "px": 1 / DOTS_PER_INCH, "pt": 1 / 72},
    **{"in": 1, "cm": 1 / 2.54, "mm": 1 / 25.4, "%": TEXT_WIDTH / 100},
}


class PictureError(Exception):
    """A picture cannot be shown; the sentence says why."""


class Picture(NamedTuple):
    """A file beside the Typst source, and its size in inches; 0 if unknown."""

    file: str
    width: float = 0
    height: float = 0
    num_pixels: int = 0

    @property
    def name(self):
        """The file's name without its ending."""
        return self.file.rpartition(".")[0]

    def sized(self, width, height):
        """The picture with another width or height, but on the page.

        Parameters
        ----------
        width, height : number, str or None
            In pixels, as `96` or `"96px"`. What is no length is left out.
            The width decides if there are both.
        """
        width, height = inches(width), inches(height)
        ratio = self.height / self.width if self.width else 0
        if not width:
            width = height / ratio if height and ratio else self.width
        width = min(width, TEXT_WIDTH)
        if ratio:
            width = min(width, TEXT_HEIGHT / ratio)
        return self._replace(width=width, height=width * ratio)


def find(source, folder, attachments):
    """The bytes of a picture that a Markdown text names.

    Parameters
    ----------
    source : str
        A path within `folder`, `attachment:name`, or a `data:` address.
    folder : pathlib.Path or None
        Where the notebook lies; None: nothing is read.
    attachments : dict of name -> dict of type -> str
        Of the cell.

    Raises
    ------
    PictureError
    """
    if source.startswith("data:"):
        kind, _, data = source.partition(",")
        if kind.endswith(";base64"):
            return decoded(unquote(data))
        return unquote_to_bytes(data)
    if REMOTE.match(source):
        raise PictureError("it is on the web, and nothing is fetched")
    if source.startswith("attachment:"):
        name = source.removeprefix("attachment:")
        attached = attachments.get(name) or attachments.get(unquote(name))
        if not attached:
            raise PictureError("the cell has no such attachment")
        return decoded(next(iter(attached.values())))
    return _read_within(folder, unquote(source.split("?")[0]))


def _read_within(folder, name):
    if folder is None:
        raise PictureError("the notebook's folder is not known")
    try:
        file = (folder / name.replace("\\", "/")).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise PictureError("it lies outside of the notebook's folder")
        if not file.is_file():
            raise PictureError("there is no such file")
        if file.stat().st_size > MOST_BYTES:
            raise PictureError("its file is too large")
        return file.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise PictureError(f"it cannot be read: {reason}") from None


def alone(text):
    """The attributes of an `<img>` that is all there is in some HTML.

    Returns
    -------
    dict
        Empty if there is more, or if the picture is not within the HTML.

    Examples
    --------
    >>> alone('<img alt="a &lt; b" src="data:image/png;base64,UE5H">')
    {'alt': 'a < b', 'src': 'data:image/png;base64,UE5H'}
    >>> alone('<img src="a.png">')
    {}
    """
    found = IMG.fullmatch(text)
    pairs = ATTRIBUTE.findall(found[1]) if found else []
    attributes = {name: html.unescape(value) for name, value in pairs}
    is_within = WITHIN.match(attributes.get("src", ""))
    return attributes if is_within else {}


def decoded(text):
    """The bytes of base64 text, or of an SVG's source."""
    text = "".join(text) if isinstance(text, list) else str(text)
    if text.lstrip().startswith("<"):
        return text.encode()
    try:
        return base64.b64decode(text)
    except binascii.Error:
        raise PictureError("its data are damaged") from None


def write(data, folder, name, most_pixels):
    """Write a picture as Typst reads it: SVG, PNG or JPEG.

    Of other formats, the first frame becomes a PNG.

    Parameters
    ----------
    data : bytes
    folder : pathlib.Path
    name : str
        Of the file, without its ending.
    most_pixels : int

    Returns
    -------
    Picture

    Raises
    ------
    PictureError
        If it is damaged, too large or of an unknown format.
    """
    if b"<svg" in data[:5000]:
        return _write_svg(data, folder / f"{name}.svg")
    try:
        with open_quietly(data) as image:
            if math.prod(image.size) > most_pixels:
                raise PictureError("it has too many pixels")
            image.load()  # finds out whether the file is whole
            return _write_pixels(image, data, folder / name)
    except UnidentifiedImageError:
        what = "a PDF" if data.startswith(b"%PDF") else "of an unknown format"
        raise PictureError(f"it is {what}") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise PictureError("its data are damaged") from None


def open_quietly(data):
    """Open a picture; how large it may be is decided after."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data), formats=FORMATS)


def _write_pixels(image, data, file):
    if image.format in AS_THEY_ARE and image.mode != "CMYK":
        file = file.with_suffix(AS_THEY_ARE[image.format])
        file.write_bytes(data)
    else:
        file = file.with_suffix(".png")
        image.convert("RGBA").save(file)
    dots = image.info.get("dpi", [0])[0]
    if not 20 <= dots <= 2000:
        dots = DOTS_PER_INCH
    width, height = (float(pixels / dots) for pixels in image.size)
    return Picture(file.name, width, height, math.prod(image.size))


def _write_svg(data, file):
    if len(data) > MOST_SVG_BYTES:
        raise PictureError("its SVG file is too large")
    if b"<!ENTITY" in data:
        raise PictureError("its SVG file defines entities")
    try:
        ElementTree.fromstring(data)
    except ElementTree.ParseError:
        raise PictureError("its SVG file is damaged") from None
    if b"<foreignObject" in data:
        raise PictureError("its SVG file holds HTML")
    if SVG_LINK.search(data):
        raise PictureError("its SVG file needs another file")
    file.write_bytes(data)
    tag = SVG_TAG.search(data.decode("utf-8", "replace"))
    sizes = dict(SVG_SIZE.findall(tag[0])) if tag else {}
    width, height = (inches(sizes.get(key, "")) for key in ("width", "height"))
    box = sizes.get("viewBox", "").replace(",", " ").split()
    if not (width and height) and len(box) == 4:
        width, height = inches(box[2]), inches(box[3])
    return Picture(file.name, width, height).sized(None, None)


def inches(length):
    """A length such as `96`, `"96px"`, `"2cm"` or `"50%"` in inches.

    A number alone counts CSS pixels; per cent are of the width of the text.
    What is no length is 0.

    Examples
    --------
    >>> inches(96), inches("72pt"), inches("wide"), inches(float("inf"))
    (1.0, 1.0, 0, 0)
    """
    found = LENGTH.fullmatch(str(length).strip())
    if not found or not 0.1 <= float(found[1]) < 1e5:
        return 0
    return float(found[1]) * UNITS[found[2]]
