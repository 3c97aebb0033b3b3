"""The methods send_fds and recv_fds: nothing leaks, nothing is inherited, nothing gets lost."""

import errno
import os

import pytest
import rsocket


@pytest.fixture(params=[rsocket.SOCK_STREAM, rsocket.SOCK_SEQPACKET, rsocket.SOCK_DGRAM])
def pair(request):
    left, right = rsocket.socketpair(rsocket.AF_UNIX, request.param)
    with left, right:
        left.settimeout(10)
        right.settimeout(10)
        yield left, right


@pytest.fixture
def file():
    with open(os.devnull) as file:
        yield file


def count():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("number", [0, 1, 2, 3, 253])
def test_descriptors_arrive(pair, file, number):
    left, right = pair
    before = count()
    assert (
        left.send_fds(b"data", [file, file.fileno()] * (number // 2) + [file] * (number % 2)) == 4
    )
    data, fds = right.recv_fds(16, number)
    assert data == b"data"
    assert len(set(fds)) == number
    for fd in fds:
        assert os.path.samestat(os.fstat(fd), os.fstat(file.fileno()))
        assert not os.get_inheritable(fd)
        os.close(fd)
    assert count() == before


@pytest.mark.parametrize(("sent", "room"), [(1, 0), (2, 1), (3, 2), (100, 7), (253, 252)])
def test_too_many_are_closed_and_told(pair, file, sent, room):
    left, right = pair
    before = count()
    left.send_fds(b"data", [file] * sent)
    with pytest.raises(OSError) as raised:
        right.recv_fds(16, room)
    assert raised.value.errno == errno.EMSGSIZE
    assert count() == before


def test_credentials_beside_them_are_no_descriptors(pair, file):
    left, right = pair
    right.setsockopt(rsocket.SOL_SOCKET, rsocket.SO_PASSCRED, 1)
    left.send_fds(b"x", [file])
    data, fds = right.recv_fds(16, 1)
    assert data == b"x"
    os.close(*fds)


def test_what_is_refused(pair, file):
    left, right = pair
    with pytest.raises(OSError) as raised:
        left.send_fds(b"x", [file] * 254)
    assert raised.value.errno == errno.EINVAL
    with pytest.raises(OSError) as raised:
        left.send_fds(b"x", [10_000])
    assert raised.value.errno == errno.EBADF
    for wrong in (["text"], 5, [1.5]):
        with pytest.raises(TypeError):
            left.send_fds(b"x", wrong)
    for wrong in ((-1, 1), (1, -1)):
        with pytest.raises(ValueError):
            right.recv_fds(*wrong)
    right.setblocking(False)
    with pytest.raises(BlockingIOError):
        right.recv_fds(16, 1)
    with rsocket.socket() as sock:
        for call in (lambda: sock.send_fds(b"x", [file]), lambda: sock.recv_fds(1, 1)):
            with pytest.raises(OSError) as raised:
                call()
            assert raised.value.errno == errno.EOPNOTSUPP
