"""Which modules of the `test` package are run, and which tests of those that do other things too.

A module that a version of Python does not have is not run there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A test module, or a package of them, and patterns of the tests in it (none: all)."""

    module: str
    patterns: tuple[str, ...] = ()
    # Wants the resource `network`, though the loopback will do: for itself, or for the few names
    # that `inside/enter.py` maps to it.
    network: bool = False


QUICK = (
    Entry("test_socket", network=True),
    Entry("test_timeout", network=True),
    Entry("test_selectors"),
    Entry("test_socketserver", network=True),
)

MULTIPROCESSING = (
    "*Connection*",
    "*InvalidFamily*",
    "*InvalidHandle*",
    "*Listener*",
    "*.OtherTest.*",
    "*Poll*",
    "*RemoteManager*",
    "*.TestCloseFds.*",
    "*TestManagerRestart*",
    "*.TestWait.*",
)

FULL = (
    *QUICK,
    # Who talks over sockets, a protocol at a time.
    Entry("test_asyncio"),
    Entry("test_ssl"),
    Entry("test_httplib"),
    Entry("test_httpservers"),
    Entry("test_urllib"),
    Entry("test_urllib2"),
    Entry("test_urllib2_localnet"),
    Entry("test_urllib_response"),
    Entry("test_urllibnet"),
    Entry("test_ftplib"),
    Entry("test_smtplib"),
    Entry("test_smtpd"),
    Entry("test_poplib"),
    Entry("test_imaplib"),
    Entry("test_telnetlib"),
    Entry("test_nntplib"),
    Entry("test_xmlrpc"),
    Entry("test_docxmlrpc"),
    Entry("test_robotparser"),
    Entry("test_wsgiref"),
    Entry("test_logging"),
    Entry("test_asyncore"),
    Entry("test_asynchat"),
    Entry("test_multiprocessing_fork", MULTIPROCESSING),
    Entry("test_multiprocessing_spawn", MULTIPROCESSING),
    Entry("test_multiprocessing_forkserver", MULTIPROCESSING),
    # Who waits for sockets.
    Entry("test_select"),
    Entry("test_poll"),
    Entry("test_epoll"),
    # The programs behind test_eintr, whose tests can be counted one by one.
    Entry("_test_eintr", ("*.SocketEINTRTest.*", "*.SelectEINTRTest.*")),
    Entry("eintrdata.eintr_tester", ("*.SocketEINTRTest.*", "*.SelectEINTRTest.*")),
    Entry("test_signal", ("*.Wakeup*",)),
    # Corners of other modules where a socket comes in.
    Entry("test___all__"),
    Entry("test_audit", ("*.test_socket",)),
    Entry("test_exception_hierarchy"),
    Entry("test_gc", ("*.test_get_referents_on_capsule",)),
    Entry("test_largefile", ("*ocket*",)),
    Entry("test_os", ("*endfile*", "*.FDInheritanceTests.*", "*.BlockingTests.*")),
    Entry("test_pathlib", ("*socket*",)),
    Entry("test_pty"),
    Entry("test_stat", ("*socket*",)),
    Entry(
        "test_support",
        ("*.test_HOST", "*.test_bind_port", "*.test_find_unused_port", "*.test_*socket*"),
    ),
)
