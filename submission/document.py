"""A PDF of a stranger: its text, bookmarks and pictures, as far as is seen."""

import io
import logging
import re
import signal
import threading
from contextlib import contextmanager

from pypdf import PdfReader

MAX_SECONDS = 5  # for the text of all pages
MORE_SECONDS = 1  # for each of what else is looked at
MAX_PAGE = 2**22  # bytes of drawing, beyond which a page's text is left out
MAX_PAGES = 500
MAX_BOOKMARKS = 1000
NAMES = "figure|fig|abbildung|abb|bild|figur|plot|diagramm|grafik|graph"
CAPTION = re.compile(
    rf"^\W*(?:{NAMES})\s*[.:]?\s*\(?(\d+(?:[.-]\d+)?\s?[a-h]?)\b", re.M | re.I
)
STROKES = re.compile(rb"\s[SsfFbB]\*?\s")
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # the rules report


class Pdf:
    """What is seen of a PDF; a ValueError if it cannot be opened.

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
    num_pages, num_pictures : int
    draws : bool
        Whether there are drawings, which cannot be counted.
    """

    def __init__(self, data):
        self.pages, self.num_pages, self.is_whole = [], 0, True
        self.bookmarks, self.num_pictures, self.draws = "", 0, False
        with deadline(MORE_SECONDS):
            self._reader = PdfReader(io.BytesIO(data))
            self.num_pages = len(self._reader.pages)
        if not self.num_pages:
            raise ValueError("it has no pages that can be read")
        with deadline(MAX_SECONDS):
            self.read_pages()
        self.is_whole &= len(self.pages) == self.num_pages
        self.text = "\n".join(self.pages).strip()
        with deadline(MORE_SECONDS):
            self.bookmarks = "\n".join(titles(self._reader.outline))
        with deadline(MORE_SECONDS):
            self.count_pictures()

    def read_pages(self):
        """Read the text of page after page."""
        for page in self._reader.pages[:MAX_PAGES]:
            text = None
            try:
                contents = page.get_contents()
                if contents is None or len(contents.get_data()) <= MAX_PAGE:
                    text = page.extract_text()
            except TimeoutError:
                raise
            except Exception:  # a stranger's file raises many kinds
                text = None
            self.is_whole &= text is not None
            self.pages.append(text or "")

    def count_pictures(self):
        """Count the pictures, and see whether something is drawn."""
        for page in self._reader.pages[:MAX_PAGES]:
            count, forms = pictures_on(page)
            self.num_pictures += count
            for stream in [page.get_contents(), *forms]:
                if stream is not None and not self.draws:
                    strokes = STROKES.findall(stream.get_data())
                    self.draws = len(strokes) > 3

    @property
    def captions(self):
        """The numbers of the figures with a caption."""
        return set(CAPTION.findall(self.text))

    @property
    def may_hold_more(self):
        """Whether it may hold words that are not seen in its text."""
        return not self.is_whole or not self.text


@contextmanager
def deadline(seconds):
    """Leave a block that fails or takes too long, where the system can."""

    def stop(*_):
        raise TimeoutError

    is_main = threading.current_thread() is threading.main_thread()
    has_alarm = hasattr(signal, "SIGALRM") and is_main
    try:
        if has_alarm:
            before = signal.signal(signal.SIGALRM, stop)
            # Again and again, should what is stopped catch it.
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
        yield
    except Exception:  # a stranger's file raises many kinds
        pass
    finally:
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def titles(outline, level=1):
    """The titles of bookmarks as headings, those below others included."""
    for item in outline[:MAX_BOOKMARKS]:
        if isinstance(item, list):
            yield from titles(item, level + 1)
        else:
            yield f"{'#' * level} {item.title}"


def pictures_on(page):
    """How many pictures are on a page, and the forms they are on, too."""
    count, seen, forms = 0, set(), []
    waiting = [page.get("/Resources")]
    while waiting:
        resources = waiting.pop()
        objects = resources and resources.get_object().get("/XObject")
        for reference in (objects.get_object() if objects else {}).values():
            thing = reference.get_object()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            if thing.get("/Subtype") == "/Image":
                count += 1
            elif thing.get("/Subtype") == "/Form":
                forms.append(thing)
                waiting.append(thing.get("/Resources"))
    return count, forms
