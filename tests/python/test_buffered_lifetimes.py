"""Files of makefile that nobody closes end as those of module io do, and leave nothing behind."""

import gc
import warnings
import weakref

import pytest
import rsocket
from both import assert_same
from buffered_scene import CLASSES, HALVES


@pytest.mark.parametrize("mode", ["rb", "wb", "rwb", "r", "w", "rw"])
def test_what_is_left_when_a_file_is_dropped(mode):
    def drop(module):
        near, far = module.socketpair()
        far.setblocking(False)
        with near, far:
            file = near.makefile(mode)
            if "w" in mode:
                file.write(b"abc" if "b" in mode else "abc")
            gone = weakref.ref(file)
            del file
            try:
                return gone() is None, near._io_refs, far.recv(9)
            except OSError as error:
                return gone() is None, near._io_refs, type(error)

    assert_same(drop)


@pytest.mark.parametrize("mode", HALVES)
def test_what_is_left_when_a_cycle_is_collected(mode):
    def collect(module):
        near, far = module.socketpair()
        far.setblocking(False)
        with near, far:
            file = near.makefile(mode)
            if "w" in mode:
                file.write(b"abc")
            file.cycle = [file]
            gone = weakref.ref(file)
            del file
            gc.collect()
            try:
                return gone() is None, near._io_refs, far.recv(9)
            except OSError as error:
                return gone() is None, near._io_refs, type(error)

    if mode == "rwb":
        # Since Python 3.12 that of module io drops it.
        assert collect(rsocket) == (True, 0, b"abc")
    else:
        assert_same(collect)


def test_a_pair_that_is_garbage_with_its_socket_sends_what_is_left():
    class Connection:
        def __init__(self, sock):
            self.sock, self.file = sock, sock.makefile("rwb")
            self.handler = self.handle

        def handle(self):
            pass

    near, far = rsocket.socketpair()
    far.settimeout(5)
    with far, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        Connection(near).file.write(b"abc")
        del near
        gc.collect()
        assert far.recv(9) == b"abc"
        assert far.recv(9) == b""


def test_a_socket_may_keep_its_own_files():
    class Keeper(rsocket.socket):
        pass

    left, far = rsocket.socketpair()
    with far:
        near = Keeper(fileno=left.detach())
        near.files = [near.makefile(mode) for mode in HALVES]
        gone = weakref.ref(near)
        del near
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        assert gone() is None
        assert far.recv(1) == b""


@pytest.mark.parametrize("mode", HALVES)
def test_files_leave_no_memory_behind(mode):
    near, far = rsocket.socketpair()
    with near, far:

        def use():
            with near.makefile(mode, 1 << 20) as file:
                if "r" in mode:
                    far.send(b"line\nrest")
                    file.readline()
                    file.read(4)
                if "w" in mode:
                    file.write(b"x")
                file.own = file

        use()
        gc.collect()
        before = sum(1 for item in gc.get_objects() if isinstance(item, CLASSES[mode]))
        for _ in range(200):
            use()
        gc.collect()
        after = sum(1 for item in gc.get_objects() if isinstance(item, CLASSES[mode]))
        assert after == before
