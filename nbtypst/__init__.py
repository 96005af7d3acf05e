"""Notebook to PDF with pandoc and Typst, tagged for accessibility."""

from nbtypst.exporter import TypstPDFExporter

__all__ = ["TypstPDFExporter"]
