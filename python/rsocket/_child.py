"""Run by its path in a process of multiprocessing, before that imports the program (`_install`)."""

import sys

try:
    from rsocket import _install
except ImportError:
    # The parent found it by a `sys.path` of its own, which is yet to be handed on.
    folder = __file__.rpartition("/")[0].rpartition("/")[0]
    sys.path.append(folder)
    try:
        from rsocket import _install
    finally:
        sys.path.remove(folder)

_install.install_in_child()
