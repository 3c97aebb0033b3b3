"""The errors that each system call can meet, and what an operation makes of them.

By default an operation ends with the very error that its call met. What differs is listed here,
with the reason.
"""

# The operations, and how each ends where nothing fails.
OPERATIONS = {
    "connect": "ok",
    "connect-blocking": "ok",
    "connect-any": "ok",
    "listen": "ok",
    "accept": "ok",
    "accept-blocking": "ok",
    "accept-shared": "ok",
    "stream": "ok",
    "stream-blocking": "ok",
    "datagram": "ok",
    "nothing-comes": "ETIMEDOUT",
    "nothing-comes-shared": "ETIMEDOUT",
    "pass-fd": "ok",
    "batch": "ok",
    "netlink-dump": "ok",
    "unix-bind": "ok",
    "resolve": "ok",
    "dup": "ok",
    "pair": "ok",
    "peer": "ok",
    "send-file": "ok",
    "splice": "ok",
}

_MOVES = ("EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "ECONNRESET")
_FILES = ("EINTR", "EACCES", "EMFILE", "ENOMEM")

# close(2) is not here: strace skips the call, so that the descriptor would really be left. Nor is
# memory: where there is none, Rust's allocations end the process.
ERRORS = {
    "socket": ("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EACCES"),
    "socketpair": ("EMFILE", "ENFILE", "ENOMEM"),
    "bind": ("EADDRINUSE", "EADDRNOTAVAIL", "EACCES", "ENOMEM"),
    "listen": ("EADDRINUSE", "EOPNOTSUPP"),
    "connect": ("EINTR", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "ENOBUFS"),
    "accept4": ("EINTR", "EAGAIN", "ECONNABORTED", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"),
    "sendto": (*_MOVES, "EPIPE"),
    "sendmsg": (*_MOVES, "EPIPE"),
    "sendmmsg": (*_MOVES, "EPIPE"),
    "recvfrom": _MOVES,
    "recvmsg": _MOVES,
    "recvmmsg": _MOVES,
    "pread64": ("EINTR", "EIO"),
    "sendfile": ("EINTR", "EAGAIN", "EIO", "ENOMEM", "EPIPE"),
    "splice": ("EINTR", "EAGAIN", "ENOMEM", "EPIPE"),
    "poll": ("EINTR", "ENOMEM"),
    "ppoll": ("EINTR", "ENOMEM"),
    "getsockopt": ("ENOBUFS", "ENOMEM"),
    "setsockopt": ("ENOBUFS", "ENOMEM"),
    "getsockname": ("ENOBUFS",),
    "getpeername": ("ENOBUFS",),
    "fcntl": ("EMFILE", "ENOMEM"),
    "ioctl": ("ENOMEM",),
    "pipe2": ("EMFILE", "ENFILE"),
    "eventfd2": ("EMFILE", "ENFILE", "ENOMEM"),
    "openat": _FILES,
    "newfstatat": ("EACCES", "ENOMEM"),
    "fstat": ("ENOMEM",),
    "statx": ("EACCES", "ENOMEM"),
    "flock": ("EINTR", "ENOLCK"),
    "unlinkat": ("EACCES", "ENOMEM"),
    "chmod": ("EACCES", "ENOMEM"),
    "fchmod": ("EACCES", "ENOMEM"),
}

_MOVING = {"sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "sendfile", "splice"}
_SLEEPING = _MOVING | {"connect", "accept4", "poll", "ppoll", "openat", "flock"}


_RESOLVER = {"openat", "newfstatat", "fstat", "statx"}


def allowed(language, operation, call, error, text):
    """How the operation may end where that call, with those arguments, fails with that error."""
    usual = OPERATIONS[operation]
    resolves = operation == "resolve" or (operation == "connect-any" and language != "rust")
    if resolves and (operation == "resolve" or call in _RESOLVER or "AF_INET6" in text):
        # What the C library's resolver makes of it is its own affair.
        return {usual, error, "EAI"}
    if operation == "connect-any":
        # Where one attempt fails another may succeed.
        return {usual, error}
    if call == "pread64":
        # Then sendfile(2) is asked.
        return {usual}
    if error == "EINTR" and call in _SLEEPING:
        # Made again, or waited for.
        return {usual}
    if error == "ECONNABORTED":
        # The next connection is taken.
        return {usual}
    if error == "EAGAIN":
        return _would_block(language, operation, call, text)
    if operation == "unix-bind":
        return _binding(call, error, text)
    if (language, operation) == ("python", "send-file") and not call.startswith("recv"):
        # As in the standard library: what cannot be sent that way is sent by send().
        return {usual}
    return {error}


def _would_block(language, operation, call, text):
    usual = OPERATIONS[operation]
    if operation == "netlink-dump" and not (language == "c" and call.startswith("recv")):
        # These verbs have no deadline, and wait as the socket does.
        return {usual} if language == "python" else {"EAGAIN"}
    if operation.endswith("-blocking") and "MSG_DONTWAIT" not in text:
        # What a socket answers that is not to wait.
        return {"EAGAIN"}
    # With a deadline it is waited for, and tried again.
    return {usual}


def _binding(call, error, text):
    if call == "bind" and error == "EADDRINUSE":
        # The file in the way is looked at, and is nobody's.
        return {"ok"}
    if call == "connect":
        # The probe of that file: what is not known to be dead stays.
        return {"ok" if error == "ECONNREFUSED" else "EADDRINUSE"}
    if call == "unlinkat" or (call == "newfstatat" and '"1.sock", ' in text):
        # At the end, where there is nobody to tell; or before, where there is.
        return {"ok", error}
    return {error}


def may_leave(call, error):
    """Whether the lock file may stay: it is empty, and the next binder takes it over."""
    return (call, error) == ("flock", "ENOLCK") or call in ("newfstatat", "unlinkat")
