"""Turns the notebooks into the PDF and the ZIP that are handed in."""
