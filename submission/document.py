"""A PDF of a stranger: its text, bookmarks and pictures, as far as is seen."""

import re
import time
from collections import Counter
from itertools import islice

import pypdfium2
from pypdfium2 import raw

MAX_SECONDS = 5  # of computing, after which no further page is begun
MAX_BOOKMARKS = 1000
NAMES = "figure|fig|abbildung|abb|bild|figur|plot|diagramm|grafik|graph"
CAPTION = re.compile(
    rf"^\W*(?:{NAMES})\s*[.:]?\s*\(?(\d+(?:[.-]\d+)?\s?[a-h]?)\b", re.M | re.I
)
ACTIONS = re.compile(rb"/(JavaScript|JS|Launch|SubmitForm|ImportData)\b")
HYPHENS = str.maketrans("", "", "\x02\ufffe\r\0")  # of words that are broken


class Pdf:
    """What is seen of a PDF; a RuntimeError if it cannot be opened.

    Attributes
    ----------
    pages : list of str
        The text of each page.
    text : str
        Of all pages.
    is_whole : bool
        Whether the text of every page could be read in time.
    bookmarks : str
        Their titles as headings, one a line.
    num_pictures : int
    draws, acts : bool
        Whether there are lines or areas, which may be drawings, and whether
        it brings programs or other files.
    """

    def __init__(self, data):
        self.pages, self.num_pictures, self.draws = [], 0, False
        document = pypdfium2.PdfDocument(data)
        self.acts = bool(
            ACTIONS.search(data)
            or raw.FPDFDoc_GetJavaScriptActionCount(document)
            or raw.FPDFDoc_GetAttachmentCount(document)
        )
        self.bookmarks = titles(document)
        unread, end = 0, time.process_time() + MAX_SECONDS
        for number in range(len(document)):
            try:
                self._read(document[number])
            except pypdfium2.PdfiumError:
                self.pages.append("")
                unread += 1
            if time.process_time() > end:
                break
        if unread == len(self.pages):
            raise RuntimeError("it has no pages that can be read")
        self.is_whole = not unread and len(self.pages) == len(document)
        self.text = "\n".join(self.pages).strip()

    def _read(self, page):
        """Take in a page: its text, and what is drawn on it."""
        text = page.get_textpage().get_text_range()
        kinds = Counter(thing.type for thing in page.get_objects())
        self.num_pictures += kinds.pop(raw.FPDF_PAGEOBJ_IMAGE, 0)
        self.draws |= bool(kinds.keys() - {raw.FPDF_PAGEOBJ_TEXT})
        self.pages.append(text.translate(HYPHENS))

    @property
    def shows(self):
        """Whether anything but text is on its pages."""
        return self.num_pictures > 0 or self.draws

    @property
    def captions(self):
        """The numbers of the figures with a caption."""
        return set(CAPTION.findall(self.text))


def titles(document):
    """The titles of bookmarks as headings, one a line."""
    bookmarks = islice(document.get_toc(), MAX_BOOKMARKS)
    return "\n".join(
        f"{'#' * (b.level + 1)} {b.get_title()}" for b in bookmarks
    )
