"""A listening Unix-domain socket that removes its file when it is closed."""

from __future__ import annotations

import os
from typing import Any

from rsocket import _socket


class UnixServer(_socket.socket):
    """What `create_unix_server()` returns."""

    _file: _socket.UnixPath | None = None

    def _real_close(self, _ss: Any = None) -> None:
        # While the socket is open nobody takes its file for a dead one.
        if self._file is not None:
            self._file.release()
        super()._real_close()

    def detach(self) -> int:
        if self._file is not None:
            self._file.keep()
        return super().detach()


def create(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    type: int,
    mode: int | None,
    cleanup: bool,
    backlog: int | None,
) -> _socket.socket:
    bound, file = _socket.bind_unix(os.fsdecode(path), type, mode, cleanup, backlog)
    server = UnixServer(bound.family, bound.type, bound.proto, fileno=bound.detach())
    server._file = file
    return server
