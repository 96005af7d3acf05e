"""Turns the notebooks into the PDF and the ZIP that are handed in."""

import sys

# What jsonschema, and with it nbformat, loads to check addresses of a kind
# that no notebook has: three seconds in every process. Without it they load.
sys.modules.setdefault("rfc3987_syntax", None)
