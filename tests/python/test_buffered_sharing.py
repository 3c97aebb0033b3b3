"""One thread at a time uses a file of makefile: others wait, itself is refused, a child goes on."""

import contextlib
import os
import signal
import socket as stock
import threading
import time

import pytest
import rsocket
from both import assert_same
from buffered_scene import HALVES, Scene


def test_two_threads_share_a_reader():
    near, far = rsocket.socketpair()
    lines = [b"%06d\n" % number for number in range(20_000)]
    got = [[], [], []]
    with near, far, near.makefile("rb", 100) as file:

        def read(into):
            into.extend(iter(file.readline, b""))

        threads = [threading.Thread(target=read, args=(into,)) for into in got]
        for thread in threads:
            thread.start()
        for start in range(0, len(lines), 7):
            far.sendall(b"".join(lines[start : start + 7]))
        far.shutdown(stock.SHUT_WR)
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
    # A line may be cut where two threads read it, but no byte is lost or doubled.
    assert sorted(b"".join(map(b"".join, got))) == sorted(b"".join(lines))


def test_two_threads_share_a_writer():
    near, far = rsocket.socketpair()
    got = []
    with near, far:
        reader = threading.Thread(target=lambda: got.extend(far.makefile("rb")))
        reader.start()
        with near.makefile("wb", 50) as file:

            def write(letter):
                for number in range(5000):
                    file.write(b"%c%d\n" % (letter, number))

            threads = [threading.Thread(target=write, args=(letter,)) for letter in b"abc"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            file.flush()
        near.shutdown(stock.SHUT_WR)
        reader.join(30)
    expected = [b"%c%d\n" % (letter, number) for letter in b"abc" for number in range(5000)]
    assert sorted(got) == sorted(expected)


def test_other_threads_run_while_one_waits_for_another():
    near, far = rsocket.socketpair()
    with near, far, near.makefile("rb") as file:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(file.read(3))) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        assert file.closed is False and file.fileno() == near.fileno() and file.name
        far.sendall(b"aaabbbccc")
        for thread in threads:
            thread.join(10)
        assert sorted(answers) == [b"aaa", b"bbb", b"ccc"]


@pytest.mark.parametrize("mode", ["rb", "rwb"])
def test_a_reader_does_not_enter_itself(mode):
    def reenter(module):
        with Scene(module, mode) as on:
            raised = []

            def handler(*_):
                try:
                    on.file.read(1)
                except RuntimeError as error:
                    raised.append(str(error).replace(f"={on.near.fileno()}", "=#"))
                on.far.send(b"x")

            previous = signal.signal(signal.SIGALRM, handler)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                return on.file.read(1), raised
            finally:
                signal.signal(signal.SIGALRM, previous)

    assert_same(reenter)


def test_a_writer_does_not_enter_itself():
    def reenter(module):
        with Scene(module, "wb", 4) as on:
            raised, raw = [], on.file.raw

            def write(data):
                try:
                    on.file.write(b"inner")
                except RuntimeError as error:
                    raised.append(str(error).replace(f"={on.near.fileno()}", "=#"))
                return len(data)

            raw.write = write
            return on.file.write(b"outer one"), raised

    assert_same(reenter)


@pytest.mark.parametrize("mode", HALVES)
def test_a_forked_child_can_close_a_file_that_a_thread_of_the_parent_uses(mode):
    near, far = rsocket.socketpair()
    near.setsockopt(stock.SOL_SOCKET, stock.SO_SNDBUF, 5000)
    with near, far, near.makefile(mode) as file:
        busy = file.read if "r" in mode else lambda _: file.write(bytes(1 << 20))
        thread = threading.Thread(target=busy, args=(1,))
        thread.start()
        time.sleep(0.1)
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            status = 1
            try:
                # What the parent has not sent is not to go out twice, nor to be waited for.
                near.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    file.close()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        near.setblocking(True)
        if "r" in mode:
            far.send(b"x")
        else:
            far.settimeout(1)
            with contextlib.suppress(OSError):
                while far.recv(1 << 20):
                    pass
        thread.join(10)
        assert not thread.is_alive()
        assert status == 0
