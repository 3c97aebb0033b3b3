"""close() wakes the threads that are blocked in the socket, and keeps its number from them."""

import errno
import gc
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import rsocket

TIMEOUTS = [None, 30.0]


def blocked(call):
    """Starts `call` in a thread and waits until it sleeps; returns the thread and its outcome."""
    outcome = []

    def run():
        try:
            outcome.append(call())
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    until_asleep(thread)
    return thread, outcome


def until_asleep(thread):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with open(f"/proc/self/task/{thread.native_id}/stat") as file:
            state = file.read().rpartition(")")[2].split()[0]
        with open(f"/proc/self/task/{thread.native_id}/wchan") as file:
            where = file.read()
        # A thread that waits for the interpreter sleeps too, but in a futex.
        if state == "S" and "futex" not in where:
            return
        time.sleep(0.001)
    raise AssertionError("the thread never went to sleep")


def stream():
    return rsocket.socketpair()


def datagram():
    sock = rsocket.socket(rsocket.AF_INET, rsocket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock, None


def seqpacket():
    return rsocket.socketpair(rsocket.AF_UNIX, rsocket.SOCK_SEQPACKET)


def listener():
    return rsocket.create_server(("127.0.0.1", 0)), None


def unix_listener():
    sock = rsocket.socket(rsocket.AF_UNIX)
    sock.bind(b"\0rsocket-close-race-%d" % os.getpid())
    sock.listen()
    return sock, None


def netlink():
    sock = rsocket.socket(rsocket.AF_NETLINK, rsocket.SOCK_RAW)
    sock.bind((0, 0))
    return sock, None


CALLS = {
    "recv": (stream, lambda sock: sock.recv(1)),
    "recv all": (stream, lambda sock: sock.recv(8, rsocket.MSG_WAITALL)),
    "recv_into": (seqpacket, lambda sock: sock.recv_into(bytearray(1))),
    "recvfrom": (datagram, lambda sock: sock.recvfrom(1)),
    "recvmsg": (datagram, lambda sock: sock.recvmsg(1)),
    "recv netlink": (netlink, lambda sock: sock.recv(1)),
    "sendall": (stream, lambda sock: sock.sendall(bytes(10_000_000))),
    "readinto": (stream, lambda sock: rsocket.SocketIO(sock, "r").readinto(bytearray(1))),
    "accept": (listener, lambda sock: sock.accept()),
    "accept unix": (unix_listener, lambda sock: sock.accept()),
}


@pytest.mark.parametrize("timeout", TIMEOUTS, ids=["blocking", "timeout"])
@pytest.mark.parametrize("name", CALLS)
def test_a_blocked_call_ends_with_ebadf(name, timeout):
    make, call = CALLS[name]
    sock, peer = make()
    sock.settimeout(timeout)
    thread, outcome = blocked(lambda: call(sock))
    if "readinto" in name:
        # An open file keeps the socket open; closing the socket itself is what ends the call.
        sock._real_close()
    else:
        sock.close()
    thread.join(10)
    assert not thread.is_alive()
    assert [type(error) for error in outcome] == [OSError]
    assert outcome[0].errno == errno.EBADF
    assert sock.fileno() == -1
    if peer is not None:
        peer.close()


def test_several_threads_are_woken_at_once():
    sock, _ = listener()
    calls = [blocked(sock.accept) for _ in range(8)]
    begin = time.monotonic()
    sock.close()
    for thread, outcome in calls:
        thread.join(10)
        assert [error.errno for error in outcome] == [errno.EBADF]
    assert time.monotonic() - begin < 5


def test_a_call_after_the_close_fails_alike():
    sock, peer = stream()
    thread, _outcome = blocked(lambda: sock.recv(1))
    sock.close()
    thread.join(10)
    with pytest.raises(OSError) as raised:
        sock.recv(1)
    assert raised.value.errno == errno.EBADF
    peer.close()


def test_the_number_is_free_when_close_returns():
    sock, peer = stream()
    number = sock.fileno()
    thread, _outcome = blocked(lambda: sock.recv(1))
    sock.close()
    with pytest.raises(OSError) as raised:
        os.fstat(number)
    assert raised.value.errno == errno.EBADF
    thread.join(10)
    assert peer.recv(1) == b""
    peer.close()


def test_the_number_is_not_reused_under_a_call_that_does_not_wake():
    sock, peer = stream()
    number = sock.fileno()
    ready = threading.Event()

    def deaf():
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        ready.set()
        return sock.recv(1)

    thread, outcome = blocked(deaf)
    assert ready.is_set()
    sock.close()
    assert sock.fileno() == -1
    assert thread.is_alive()
    fresh = [os.open(os.devnull, os.O_RDONLY) for _ in range(16)]
    assert number not in fresh
    peer.send(b"x")
    thread.join(10)
    assert outcome == [b"x"]
    # Whoever ended the last call gave the number back.
    again = os.open(os.devnull, os.O_RDONLY)
    assert again == number
    for descriptor in [*fresh, again]:
        os.close(descriptor)
    peer.close()


def test_duplicates_do_not_notice():
    sock, peer = stream()
    duplicate = sock.dup()
    thread, outcome = blocked(lambda: sock.recv(1))
    sock.close()
    thread.join(10)
    assert outcome[0].errno == errno.EBADF
    peer.send(b"x")
    assert duplicate.recv(1) == b"x"
    duplicate.send(b"y")
    assert peer.recv(1) == b"y"
    duplicate.close()
    peer.close()


def test_detach_wakes_and_leaves_the_socket_whole():
    sock, peer = stream()
    thread, outcome = blocked(lambda: sock.recv(1))
    number = sock.detach()
    thread.join(10)
    assert outcome[0].errno == errno.EBADF
    peer.send(b"x")
    adopted = rsocket.socket(fileno=number)
    assert adopted.recv(1) == b"x"
    adopted.close()
    peer.close()


def test_initialising_again_wakes_as_a_close_does():
    sock, peer = stream()
    thread, outcome = blocked(lambda: sock.recv(1))
    sock.__init__(rsocket.AF_UNIX, rsocket.SOCK_DGRAM)
    thread.join(10)
    assert outcome[0].errno == errno.EBADF
    assert peer.recv(1) == b""
    assert sock.type == rsocket.SOCK_DGRAM
    sock.close()
    peer.close()


def test_open_files_of_makefile_still_put_the_close_off():
    sock, peer = stream()
    file = sock.makefile("rb")
    thread, outcome = blocked(file.readline)
    sock.close()
    time.sleep(0.05)
    assert thread.is_alive()
    peer.send(b"line\n")
    thread.join(10)
    assert outcome == [b"line\n"]
    file.close()
    assert peer.recv(1) == b""
    peer.close()


def test_python_signal_handlers_stay_as_they_are():
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    sock, peer = stream()
    thread, _outcome = blocked(lambda: sock.recv(1))
    sock.close()
    thread.join(10)
    assert {number: signal.getsignal(number) for number in signal.valid_signals()} == before
    peer.close()


def test_a_forked_child_closes_what_another_thread_of_its_parent_is_blocked_in():
    program = """if True:
        import os, sys, threading, time, warnings
        import rsocket
        warnings.simplefilter("ignore")
        pairs = [rsocket.socketpair() for _ in range(5)]
        threads = [threading.Thread(target=left.recv, args=(1,)) for left, _right in pairs]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        child = os.fork()
        if child == 0:
            took = []
            for left, right in pairs:
                begin = time.monotonic()
                left.close()
                right.close()
                took.append(time.monotonic() - begin)
            # Waiting for a thread that is not there takes a tenth of a second each time.
            os._exit(0 if min(took) < 0.05 else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for _left, right in pairs:
            right.send(b"x")
        for thread in threads:
            thread.join()
        sys.exit(status)
    """
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_an_interpreter_ends_with_threads_blocked_in_sockets():
    program = """if True:
        import threading, time
        import rsocket
        class Closer:
            def __del__(self):
                left.close()
        left, right = rsocket.socketpair()
        thread = threading.Thread(target=left.recv, args=(1,), daemon=True)
        thread.start()
        time.sleep(0.2)
        closer = Closer()
    """
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_storm_of_closes():
    """Numbers that come free at once must never be read by a call on the socket that had them."""
    stop = time.monotonic() + 1.0
    wrong = []
    rounds = 0

    def read(sock):
        try:
            wrong.append(sock.recv(1))
        except OSError as error:
            if error.errno != errno.EBADF:
                wrong.append(error)

    while time.monotonic() < stop:
        rounds += 1
        left, right = stream()
        thread = threading.Thread(target=read, args=(left,))
        thread.start()
        if rounds % 3:
            time.sleep(0)
        left.close()
        # Whatever takes over the number has something to read.
        bait = [stream() for _ in range(4)]
        for near, far in bait:
            far.send(b"x")
            near.send(b"x")
        thread.join(10)
        assert not thread.is_alive()
        for pair in bait:
            for sock in pair:
                sock.close()
        right.close()
    assert wrong == []
    assert rounds > 20


def test_nothing_is_kept_of_calls_that_ended():
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        sock, peer = stream()
        thread, _outcome = blocked(lambda sock=sock: sock.recv(1))
        sock.close()
        thread.join(10)
        peer.close()
    assert len(os.listdir("/proc/self/fd")) == before
