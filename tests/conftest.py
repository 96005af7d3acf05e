"""Notebooks made for tests."""

import base64
import io

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from pypdf import PdfReader


@pytest.fixture
def notebook():
    """Make an executed notebook from a text and the outputs of one cell."""

    def make(text="", source="1 + 1", outputs=(), count=1):
        cell = new_code_cell(
            source,
            execution_count=count,
            outputs=[nbformat.from_dict(output) for output in outputs],
        )
        return new_notebook(cells=[new_markdown_cell(text), cell])

    return make


@pytest.fixture
def figure_output():
    """A figure's output as `show` stores it; keywords change its metadata."""

    def make(**changes):
        metadata = {"alt": "A dot.", "caption": "Four pixels.", "width": 96}
        metadata |= changes
        picture = io.BytesIO()
        Image.new("L", (2, 2)).save(picture, format="png")
        png = base64.b64encode(picture.getvalue()).decode()
        return {
            "output_type": "display_data",
            "data": {"image/png": png, "text/plain": "[Figure: A dot.]"},
            "metadata": {
                "image/png": {k: v for k, v in metadata.items() if v}
            },
        }

    return make


def stream(text, name="stdout"):
    """What a cell printed."""
    return {"output_type": "stream", "name": name, "text": text}


def text_of(document):
    pages = PdfReader(io.BytesIO(document)).pages
    return " ".join("\n".join(page.extract_text() for page in pages).split())


def tagged(document):
    """All elements of the tag tree, in reading order."""
    waiting = [PdfReader(io.BytesIO(document)).root_object["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, list):
            waiting += reversed(element)
        elif isinstance(element, dict):
            yield element
            if "/K" in element:
                waiting.append(element["/K"])


def alternatives(document):
    """Alt texts of all tagged elements."""
    return [e["/Alt"] for e in tagged(document) if "/Alt" in e]
