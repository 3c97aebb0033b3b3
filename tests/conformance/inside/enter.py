"""Prepares the surroundings of one test process, then becomes that process.

Usage: python -I -S enter.py DIRECTORY|- COMMAND...

Runs inside the fresh network and mount namespaces if there are some; DIRECTORY is where their
hosts file goes, and `-` says that there are none.
"""

import _socket
import fcntl
import os
import resource
import signal
import struct
import subprocess
import sys

SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

# What test_timeout and test_socket look up on the internet, answered on the loopback of the
# namespace. glibc compares names in the hosts file as they are written, a final dot included.
SILENT_SERVER = ("127.80.0.1", 80)
BLACK_HOLE = ("127.80.0.2", 56666)
HOSTS = f"""
{SILENT_SERVER[0]} python.org www.python.org www.python.org.
{BLACK_HOLE[0]} pythontest.net xn--80akhbyknj4f.pythontest.net
"""


def raise_loopback():
    with_name = struct.Struct("16sh22x")  # struct ifreq, where it holds flags
    control = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    answer = fcntl.ioctl(control.fileno(), SIOCGIFFLAGS, with_name.pack(b"lo", 0))
    _name, flags = with_name.unpack(answer)
    fcntl.ioctl(control.fileno(), SIOCSIFFLAGS, with_name.pack(b"lo", flags | IFF_UP))
    control.close()


def map_hosts(directory):
    mapped = os.path.join(directory, "hosts")
    with open("/etc/hosts", "rb") as real, open(mapped, "wb") as ours:
        ours.write(real.read() + HOSTS.encode())
    subprocess.run(["mount", "--bind", mapped, "/etc/hosts"], check=True)


def listener(address, backlog):
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    sock.bind(address)
    sock.listen(backlog)
    # They must outlive exec: nobody else would hold them. The runner takes the permission back.
    os.set_inheritable(sock.fileno(), True)
    return sock.detach()


def serve_names():
    """The descriptors of a server that never says anything and of one that never connects.

    The latter drops what comes after a full queue, as the host with the real name does.
    """
    silent = listener(SILENT_SERVER, 128)
    full = listener(BLACK_HOLE, 0)
    while True:
        client = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        client.settimeout(0.1)
        try:
            client.connect(BLACK_HOLE)
        except _socket.timeout:
            return [silent, full]
        finally:
            client.close()


def settle_process():
    # A driver in the background of a shell has these ignored, and that would be inherited.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(directory, command):
    settle_process()
    held = []
    if directory != "-":
        raise_loopback()
        map_hosts(directory)
        held = serve_names()
    os.environ["RSOCKET_CONFORMANCE_HELD"] = " ".join(map(str, held))
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
