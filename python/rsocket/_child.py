"""Run by its path in a process of multiprocessing, before that imports the program (`_install`)."""

import sys


def _install() -> None:
    try:
        import rsocket._install
    except ImportError:
        # The parent found it by a `sys.path` of its own, which is yet to be handed on.
        place = __file__.rpartition("/")[0].rpartition("/")[0]
        sys.path.append(place)
        try:
            import rsocket._install
        finally:
            sys.path.remove(place)
    rsocket._install.install_in_child()


if __name__ == "<run_path>":  # runpy.run_path
    _install()
