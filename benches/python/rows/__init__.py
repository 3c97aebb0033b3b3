"""The rows of the table, in the order in which they are shown."""

from rows import asking, moving, datagrams, batches, connecting, files, threads, scale, loading  # noqa: F401, I001
from rows.table import ALL, GOALS, GROUPS

__all__ = ["ALL", "GOALS", "GROUPS"]
