"""A PDF of a stranger: its text, bookmarks and pictures, as far as is seen."""

import io
import logging
import math
import re
import signal
import threading
import time
from contextlib import contextmanager

from pypdf import PdfReader

MORE_SECONDS = 1  # for each of what is looked at beside the text
SPARED_SECONDS = 1.5  # of those that this process has, for the rules
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
        with deadline(MORE_SECONDS):
            self.bookmarks = "\n".join(titles(self._reader.outline))
        with deadline(MORE_SECONDS):
            self.count_pictures()
        with deadline(math.inf):
            self.read_pages()
        self.is_whole &= len(self.pages) == self.num_pages
        self.text = "\n".join(self.pages).strip()

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
    """Leave a block that fails, or takes too long of this process's time.

    Where that is not limited, only what fails is left.
    """
    left = seconds_left()

    def stop(*_):
        raise TimeoutError

    is_main = threading.current_thread() is threading.main_thread()
    has_alarm = math.isfinite(left) and is_main
    try:
        if has_alarm:
            before = signal.signal(signal.SIGPROF, stop)
            # Again and again, should what is stopped catch it.
            signal.setitimer(signal.ITIMER_PROF, min(seconds, left), 0.2)
        yield
    except Exception:  # a stranger's file raises many kinds
        pass
    finally:
        if has_alarm:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)


def seconds_left():
    """Seconds of computing that this process may still take for a PDF."""
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    most, _ = resource.getrlimit(resource.RLIMIT_CPU)
    if most == resource.RLIM_INFINITY:
        return math.inf
    return max(0.1, most - time.process_time() - SPARED_SECONDS)


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
