"""Sockets as in the standard library's `socket` module, on a core written in Rust.

Every name of the `socket` module of the running interpreter is here, with the same behaviour, so
that a program may say `import rsocket as socket`. What goes beyond it has names of its own.
`python -m rsocket program.py` runs a program that imports `socket` on this module.
"""

import sys

from rsocket import _socket
from rsocket._socket import (
    CMSG_LEN,
    CMSG_SPACE,
    SocketIO,
    _GiveupOnSendfile,
    close,
    connect,
    dup,
    getaddrinfo,
    getdefaulttimeout,
    gethostbyaddr,
    gethostbyname,
    gethostbyname_ex,
    gethostname,
    getnameinfo,
    getprotobyname,
    getservbyname,
    getservbyport,
    has_ipv6,
    htonl,
    htons,
    if_indextoname,
    if_nameindex,
    if_nametoindex,
    inet_aton,
    inet_ntoa,
    inet_ntop,
    inet_pton,
    listen,
    listen_fds,
    listen_fds_with_names,
    ntohl,
    ntohs,
    recv_fds,
    send_fds,
    setdefaulttimeout,
    sethostname,
    socket,
    socketpair,
)

__version__ = _socket.__version__

SocketType = socket
error = OSError
if sys.version_info >= (3, 10):
    timeout = TimeoutError

_AF_INET = _socket.AF_INET
_AF_INET6 = _socket.AF_INET6
_SOCK_STREAM = _socket.SOCK_STREAM
_SOL_SOCKET = _socket.SOL_SOCKET
_LOCALHOST = "127.0.0.1"
_LOCALHOST_V6 = "::1"
_GLOBAL_DEFAULT_TIMEOUT = object()


# The constants and enums are taken over when the first of them is asked for: that takes longer
# than the rest of this module together.

_ADDITIONS = (
    "SocketIO",
    "connect",
    "create_unix_server",
    "install",
    "listen",
    "listen_fds",
    "listen_fds_with_names",
    "uninstall",
)


def _load():
    """Takes over what the interpreter's own module has, then what the C library has besides."""
    import gc

    from rsocket._stdlib import module

    names = globals()
    # All that this makes stays: to look for garbage in it takes long, and finds none.
    collects = gc.isenabled()
    gc.disable()
    try:
        original = module()
        more = _socket.take_over(names, vars(original))
    finally:
        if collects:
            gc.enable()
    names["__all__"] = list(dict.fromkeys([*original.__all__, *_ADDITIONS, *more]))
    # The interpreter has a quicker way to the names of modules without it.
    names.pop("__getattr__", None)
    return names


def __getattr__(name):
    if not name.startswith("__") or name == "__all__":
        names = _load()
        if name in names:
            return names[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(_load() if "__getattr__" in globals() else globals())


def fromfd(fd, family, type, proto=0):
    """Returns a socket on a duplicate of `fd`, which stays open and the caller's."""
    return socket(family, type, proto, fileno=dup(fd))


def getfqdn(name=""):
    """Returns the fully qualified name of a host, of this machine by default."""
    name = name.strip()
    if not name or name in _UNSPECIFIED:
        name = gethostname()
    try:
        canonical, aliases, _addresses = gethostbyaddr(name)
    except error:
        return name
    return next((full for full in (canonical, *aliases) if "." in full), canonical)


_UNSPECIFIED = ("0.0.0.0", "::") if sys.version_info >= (3, 10) else ("0.0.0.0",)


def create_connection(
    address,
    timeout=_GLOBAL_DEFAULT_TIMEOUT,
    source_address=None,
    *,
    all_errors=False,
    happy_eyeballs_delay=None,
):
    """Connects to the first address of `(host, port)` that answers and returns the socket.

    `timeout` in seconds applies to each attempt and stays set on the socket. `source_address` is
    bound before connecting. When every attempt fails the last error is raised, or with
    `all_errors` (Python 3.11 and later) an ExceptionGroup of all of them.

    With `happy_eyeballs_delay` (seconds; RFC 8305 says 0.25) an address that has not answered for
    so long no longer keeps the next from being tried as well, families take turns, and `timeout`
    covers the whole.
    """
    host, port = address
    failures = []
    if happy_eyeballs_delay is not None:
        sock = _race(host, port, timeout, source_address, happy_eyeballs_delay, failures)
        if sock is not None:
            return sock
        answers = ()
    else:
        answers = getaddrinfo(host, port, 0, _SOCK_STREAM)
    for family, kind, proto, _name, target in answers:
        sock = None
        try:
            sock = socket(family, kind, proto)
            if timeout is not _GLOBAL_DEFAULT_TIMEOUT and not _is_default(timeout):
                sock.settimeout(timeout)
            if source_address:
                sock.bind(source_address)
            sock.connect(target)
        except BaseException as failure:
            if sock is not None:
                sock.close()
            if not isinstance(failure, error):
                raise
            if not all_errors:
                failures.clear()
            failures.append(failure)
        else:
            # The tracebacks of the failures lead to this frame: break the cycle.
            failures.clear()
            return sock
    try:
        if not failures:
            raise error("getaddrinfo returns an empty list")
        if all_errors:
            raise ExceptionGroup("create_connection failed", failures)  # noqa: F821
        raise failures[0]
    finally:
        failures.clear()


if sys.version_info < (3, 11):
    _connect_address = create_connection

    def create_connection(
        address,
        timeout=_GLOBAL_DEFAULT_TIMEOUT,
        source_address=None,
        *,
        happy_eyeballs_delay=None,
    ):
        return _connect_address(
            address, timeout, source_address, happy_eyeballs_delay=happy_eyeballs_delay
        )

    create_connection.__doc__ = _connect_address.__doc__


def _race(host, port, timeout, source_address, delay, failures):
    """Connects to whichever address answers first; None, with the errors in `failures`, if none."""
    if _is_default(timeout):
        timeout = getdefaulttimeout()
    targets = [answer[4] for answer in getaddrinfo(host, port, 0, _SOCK_STREAM)]
    sources = None
    if source_address:
        answers = getaddrinfo(*source_address, 0, _SOCK_STREAM, 0, _socket.AI_PASSIVE)
        sources = [answer[4] for answer in answers]
    sock, errors = _socket.connect_first(targets, sources, delay, timeout)
    failures += errors
    if sock is not None:
        sock.settimeout(timeout)
    return sock


def _is_default(timeout):
    if timeout is _GLOBAL_DEFAULT_TIMEOUT:
        return True
    # Modules that were imported before `install()` pass the sentinel of the original.
    original = sys.modules.get("socket")
    return timeout is getattr(original, "_GLOBAL_DEFAULT_TIMEOUT", _GLOBAL_DEFAULT_TIMEOUT)


def has_dualstack_ipv6():
    """Returns whether one socket can serve IPv6 and IPv4 connections alike."""
    if not has_ipv6:
        return False
    try:
        with socket(_AF_INET6, _SOCK_STREAM) as sock:
            sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 0)
    except error:
        return False
    return True


def create_server(
    address, *, family=_AF_INET, backlog=None, reuse_port=False, dualstack_ipv6=False
):
    """Returns a TCP socket that is bound to `address` and listens.

    With `reuse_port` several sockets may share the address. `dualstack_ipv6` makes a socket of
    family AF_INET6 serve IPv4 connections too; without it, such a socket serves IPv6 only.
    """
    reuse_port = bool(reuse_port)
    if dualstack_ipv6:
        if not has_dualstack_ipv6():
            raise ValueError("dualstack_ipv6 not supported on this platform")
        if family != _AF_INET6:
            raise ValueError("dualstack_ipv6 requires AF_INET6 family")
    sock = socket(family, _SOCK_STREAM)
    try:
        try:
            sock.setsockopt(_SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        except error:  # the family may have no such option
            pass
        if reuse_port:
            sock.setsockopt(_SOL_SOCKET, _socket.SO_REUSEPORT, 1)
        if has_ipv6 and family == _AF_INET6:
            only = 0 if dualstack_ipv6 else 1
            sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, only)
        try:
            sock.bind(address)
        except error as failure:
            text = f"{failure.strerror} (while attempting to bind on address {address!r})"
            raise error(failure.errno, text) from None
        if backlog is None:
            sock.listen()
        else:
            sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock


def create_unix_server(path, *, mode=None, cleanup=True, type=_SOCK_STREAM, backlog=None):
    """Returns a Unix-domain socket that is bound to `path` and listens.

    `mode` are the permission bits of its file, in force from the first moment; without it they are
    0o777 less the umask. With `cleanup` the file of a server that is dead is removed first, and
    this one's when the socket is closed, each only if it still is that file: a live server's stays,
    and OSError EADDRINUSE is raised. `detach()` leaves the file. `type` may be SOCK_SEQPACKET too,
    or SOCK_DGRAM, which does not listen. Raises OSError as bind(2) and listen(2) do.
    """
    from rsocket import _unixserver

    return _unixserver.create(path, type, mode, cleanup, backlog)


def _fallback_socketpair(family=_AF_INET, type=_SOCK_STREAM, proto=0):
    """Returns two sockets connected over the loopback, as systems without socketpair(2) do."""
    if family == _AF_INET:
        host = _LOCALHOST
    elif family == _AF_INET6:
        host = _LOCALHOST_V6
    else:
        raise ValueError("Only AF_INET and AF_INET6 socket address families are supported")
    if type != _SOCK_STREAM:
        raise ValueError("Only SOCK_STREAM socket type is supported")
    if proto != 0:
        raise ValueError("Only protocol zero is supported")
    left = right = None
    try:
        with socket(family, type, proto) as listener:
            listener.bind((host, 0))
            listener.listen()
            right = socket(family, type, proto)
            right.setblocking(False)
            try:
                right.connect(listener.getsockname()[:2])
            except (BlockingIOError, InterruptedError):
                pass
            right.setblocking(True)
            left, _peer = listener.accept()
        # Anybody on this machine could have been quicker to connect to the listener.
        ends = (left.getsockname(), left.getpeername())
        if ends != (right.getpeername(), right.getsockname()):
            raise ConnectionError("Unexpected peer connection")
    except BaseException:
        for sock in (left, right):
            if sock is not None:
                sock.close()
        raise
    return left, right


def install():
    """Makes every later `import socket` in this process get this module; see also `uninstall`.

    Modules that have imported the interpreter's `socket` before keep it, and a RuntimeWarning
    names them. `ssl` is imported first on purpose: its SSLSocket then stands on the interpreter's
    own class, as its C code needs, and still takes any socket of this module. Processes that
    multiprocessing starts get this module, too, by whatever method; other programs do not.
    """
    from rsocket import _install

    _install.install()


def uninstall():
    """Gives the name `socket` back to the interpreter's own module."""
    from rsocket import _install

    _install.uninstall()


class _FileSignature:
    """What inspect.signature() says of SocketIO: since 3.13 it cannot bind a native `__init__`."""

    def __get__(self, instance, owner):
        if instance is not None or owner.__init__ is not SocketIO.__init__:
            raise AttributeError("__signature__")
        from inspect import Parameter, Signature

        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature([Parameter("sock", kind), Parameter("mode", kind)])


if sys.version_info >= (3, 13):
    SocketIO.__signature__ = _FileSignature()


def _rebuild_socket(duplicate, family, type, proto):
    return socket(family, type, proto, fileno=duplicate.detach())


def _reduce_socket(sock):
    from multiprocessing.reduction import DupFd

    return _rebuild_socket, (DupFd(sock.fileno()), sock.family, sock.type, sock.proto)


class _AfterImport:
    """Does something with a module as soon as that is imported, which takes long."""

    def __init__(self, name, then):
        self._name, self._then = name, then

    def find_spec(self, name, path=None, target=None):
        if name != self._name:
            return None
        from importlib.machinery import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                self._then(module)

            spec.loader.exec_module = exec_module
        return spec


def _after_import(name, then):
    if name in sys.modules:
        then(sys.modules[name])
    else:
        sys.meta_path.insert(0, _AfterImport(name, then))


_after_import("multiprocessing.reduction", lambda module: module.register(socket, _reduce_socket))
