"""The driver of CPython's own tests against a replacement of `socket`: see `run.py` beside it."""
