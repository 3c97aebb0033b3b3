"""Rows of several threads in one process."""

import threading
import time

from rows.table import GREETING, heading, pair, row

heading("Threads")


def in_threads(count, work):
    def run(steps):
        threads = [threading.Thread(target=work, args=(i, steps)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


@row("1 thread, own pair, 1 B", 1, 1, wall=True)
@row("8 threads, own pair each, 1 B", 8, 1, goal=2.5, wall=True)
@row("8 threads, own pair each, 4 KiB", 8, 4096, goal=2.5, wall=True)
@row("8 threads, own pair each, 64 KiB", 8, 65536, goal=0.97, wall=True)
@row("64 threads, own pair each, 1 B", 64, 1, goal=2.5, wall=True)
def busy(module, exits, count, size):
    data = b"x" * size
    pairs = [pair(module, exits) for _ in range(count)]

    def work(number, steps):
        left, right = pairs[number]
        for _ in range(steps):
            left.send(data)
            right.recv(size)

    return in_threads(count, work)


@row("8 echo threads", 8, goal=1.2, wall=True)
@row("64 echo threads", 64, wall=True)
def echo_threads(module, exits, count):
    pairs = [pair(module, exits) for _ in range(count // 2)]

    def work(number, steps):
        left, right = pairs[number // 2]
        if number % 2:
            for _ in range(steps):
                right.send(right.recv(64))
        else:
            for _ in range(steps):
                left.send(GREETING)
                left.recv(64)

    return in_threads(count, work)


@row("ping-pong of two threads", None, wall=True)
@row("ping-pong of two threads with a timeout", 5.0, wall=True)
def ping_pong(module, exits, timeout):
    left, right = pair(module, exits, timeout=timeout)

    def work(number, steps):
        for _ in range(steps):
            if number:
                right.send(right.recv(64))
            else:
                left.send(GREETING)
                left.recv(64)

    return in_threads(2, work)


@row("data ready beside a CPU-bound thread", goal=2.5, wall=True, pairs=5)
def beside_burner(module, exits):
    left, right = pair(module, exits)

    def run(steps):
        stop = False

        def burn():
            while not stop:
                pass

        burner = threading.Thread(target=burn)
        burner.start()
        begun = time.perf_counter()
        for _ in range(steps):
            left.send(GREETING)
            right.recv(64)
        took = time.perf_counter() - begun
        stop = True
        burner.join()
        return took / steps

    return run
