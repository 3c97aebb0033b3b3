//! The verbs on any borrowed descriptor: what [`Endpoint`](crate::Endpoint), C and Python share.
//!
//! They know nothing of families and kinds. Each restarts after EINTR as its waiting policy says,
//! makes descriptors close-on-exec, never raises SIGPIPE, and makes one system call where data or
//! room is there. Buffers are uninitialised memory; a verb says how much of it it filled.
//!
//! Where nothing else is said, an error is [`Error::Os`] with the system call and its number. A verb
//! that takes a policy may also end with [`Error::TimedOut`] and with whatever the policy returns.
//! Each may be called from any thread, at the same time on the same descriptor.
//!
//! ```
//! use std::os::fd::AsFd;
//! use std::time::Duration;
//! use rsocket::{Address, Blocking, Deadline, Family, Kind, MsgFlags, Protocol, fd};
//!
//! let listener = fd::socket(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
//! fd::bind(listener.as_fd(), &"127.0.0.1:0".parse()?)?;
//! fd::listen(listener.as_fd(), 8)?;
//! let to = fd::local_address(listener.as_fd())?;
//!
//! let client = fd::socket(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
//! let mut soon = Deadline::after(Duration::from_secs(5));
//! fd::connect(client.as_fd(), &to, &mut soon)?;
//! fd::send_all(client.as_fd(), b"hello", MsgFlags::empty(), &mut soon)?;
//!
//! let mut peer = Address::UNSPECIFIED;
//! let server = fd::accept(listener.as_fd(), Some(&mut peer), false, &mut Blocking)?;
//! let mut buf = [const { std::mem::MaybeUninit::uninit() }; 16];
//! assert_eq!(fd::recv(server.as_fd(), &mut buf, MsgFlags::empty(), &mut soon)?, 5);
//! # Ok::<(), rsocket::Error>(())
//! ```

mod attempt;
mod connect;
mod options;

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::address::Address;
use crate::control::Ancillary;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::{Family, Kind, Protocol};
use crate::flags::MsgFlags;
use crate::policy::{Deadline, Nap, Readiness, Wait, in_time, run, until_ready};
use crate::sys::call;
use crate::sys::sockaddr::SockAddr;

pub use self::attempt::{
    accept_native_once, accept_once, recv_from_native_once, recv_from_once, recv_headers_once,
    recv_once, send_headers_once, send_msg_once, send_once, send_to_once, try_recv, try_recv_from,
    try_recv_msg, try_send, try_send_msg, try_send_to,
};
pub(crate) use self::connect::SendTimeout;
pub use self::connect::{connect, finish_connect};
pub use self::options::{
    family, get_int, get_option, peer_credentials, set_int, set_option, set_option_null, take_error,
};
pub use crate::batch::{
    RecvSlot, SLOTS_MAX, SendSlot, recv_batch, recv_headers, send_batch, send_headers,
};
pub use crate::control::{control_len, control_messages, control_space, push_control};
pub use crate::sys::call::{MessageInfo, NativeName, close};
pub use crate::sys::control::close_received;
pub use crate::sys::mmsg::Headers;
pub use crate::tcp::{set_keepalive, set_keepalive_times, tcp_info};
pub use crate::transfer::{send_file, send_file_all};
pub use crate::unix::peer::{peer_groups, peer_pidfd, peer_security};

/// A result that got part of the way: what was done before the error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{error} after {done} bytes")]
pub struct Partial {
    /// How many bytes went out or came in.
    pub done: usize,
    /// What ended it.
    pub error: Error,
}

impl From<Partial> for Error {
    fn from(partial: Partial) -> Self {
        partial.error
    }
}

impl From<Partial> for std::io::Error {
    fn from(partial: Partial) -> Self {
        partial.error.into()
    }
}

/// `op` around a call that a policy has no part in.
#[inline]
fn os<T>(op: Op, result: Result<T, Errno>) -> Result<T> {
    result.map_err(|errno| Error::Os { op, errno })
}

/// socket(2), close-on-exec.
///
/// # Errors
/// EAFNOSUPPORT, EPROTONOSUPPORT, EPERM for a raw socket, EMFILE, and the others of socket(2).
pub fn socket(family: Family, kind: Kind, protocol: Protocol) -> Result<OwnedFd> {
    os(
        Op::Socket,
        call::socket(family.raw(), kind.raw(), protocol.raw()),
    )
}

/// socketpair(2), both close-on-exec.
///
/// # Errors
/// EOPNOTSUPP where the family has no pairs, and those of [`socket`].
pub fn socketpair(family: Family, kind: Kind, protocol: Protocol) -> Result<[OwnedFd; 2]> {
    os(
        Op::SocketPair,
        call::socketpair(family.raw(), kind.raw(), protocol.raw()),
    )
}

/// bind(2).
///
/// # Errors
/// EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL where it is bound, and the others of bind(2).
pub fn bind(fd: BorrowedFd<'_>, address: &Address) -> Result<()> {
    os(Op::Bind, call::bind(fd, address.native()))
}

/// listen(2).
///
/// # Errors
/// EOPNOTSUPP for a type without connections, EADDRINUSE, and the others of listen(2).
pub fn listen(fd: BorrowedFd<'_>, backlog: i32) -> Result<()> {
    os(Op::Listen, call::listen(fd, backlog))
}

/// getsockname(2).
///
/// # Errors
/// ENOTSOCK, and the others of getsockname(2).
pub fn local_address(fd: BorrowedFd<'_>) -> Result<Address> {
    let mut address = SockAddr::room();
    os(Op::GetSockName, call::getsockname(fd, &mut address))?;
    Ok(Address::from_native(address))
}

/// getpeername(2).
///
/// # Errors
/// ENOTCONN where there is no peer, and the others of getpeername(2).
pub fn peer_address(fd: BorrowedFd<'_>) -> Result<Address> {
    let mut address = SockAddr::room();
    os(Op::GetPeerName, call::getpeername(fd, &mut address))?;
    Ok(Address::from_native(address))
}

/// [`local_address`] without a copy, and [`Address::UNSPECIFIED`] on an error.
///
/// # Errors
/// As [`local_address`].
#[inline]
pub fn local_address_into(fd: BorrowedFd<'_>, address: &mut Address) -> Result<()> {
    let result = call::getsockname(fd, address.native_mut());
    os(Op::GetSockName, result)
}

/// [`peer_address`] without a copy, and [`Address::UNSPECIFIED`] on an error.
///
/// # Errors
/// As [`peer_address`].
#[inline]
pub fn peer_address_into(fd: BorrowedFd<'_>, address: &mut Address) -> Result<()> {
    let result = call::getpeername(fd, address.native_mut());
    os(Op::GetPeerName, result)
}

/// shutdown(2).
///
/// # Errors
/// ENOTCONN where there is no peer, and the others of shutdown(2).
pub fn shutdown(fd: BorrowedFd<'_>, how: Shutdown) -> Result<()> {
    let how = match how {
        Shutdown::Read => libc::SHUT_RD,
        Shutdown::Write => libc::SHUT_WR,
        Shutdown::Both => libc::SHUT_RDWR,
    };
    os(Op::Shutdown, call::shutdown(fd, how))
}

/// A second descriptor of the same socket, close-on-exec.
///
/// # Errors
/// EMFILE.
pub fn dup(fd: BorrowedFd<'_>) -> Result<OwnedFd> {
    os(Op::Dup, call::dup(fd))
}

/// Sets or clears O_NONBLOCK, which every duplicate of the socket shares.
///
/// # Errors
/// Those of ioctl(2), FIONBIO.
pub fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> Result<()> {
    os(Op::Ioctl, call::set_nonblocking(fd, nonblocking))
}

/// Whether O_NONBLOCK is set.
///
/// # Errors
/// Those of fcntl(2), F_GETFL.
pub fn is_nonblocking(fd: BorrowedFd<'_>) -> Result<bool> {
    os(Op::Fcntl, call::status_flags(fd)).map(|flags| flags & libc::O_NONBLOCK != 0)
}

/// Clears or sets close-on-exec, which every descriptor of this crate is made with.
///
/// # Errors
/// Those of ioctl(2), FIOCLEX.
pub fn set_inheritable(fd: BorrowedFd<'_>, inheritable: bool) -> Result<()> {
    os(Op::Ioctl, call::set_cloexec(fd, !inheritable))
}

/// Whether it stays open across execve(2).
///
/// # Errors
/// Those of fcntl(2), F_GETFD.
pub fn is_inheritable(fd: BorrowedFd<'_>) -> Result<bool> {
    os(Op::Fcntl, call::descriptor_flags(fd)).map(|flags| flags & libc::FD_CLOEXEC == 0)
}

/// Waits until the socket is ready, without touching it.
///
/// # Errors
/// [`Error::TimedOut`] where the policy's deadline passed.
pub fn wait_ready(fd: BorrowedFd<'_>, readiness: Readiness, wait: &mut impl Wait) -> Result<()> {
    until_ready(
        fd,
        readiness,
        wait.deadline().unwrap_or(Deadline::NEVER),
        wait,
    )
}

/// recv(2): how many bytes it wrote. With MSG_TRUNC it is the full length of a datagram, and what TCP
/// counted, threw away and did not write (tcp(7)).
///
/// # Errors
/// Those of recv(2), such as ECONNRESET and ENOTCONN, and of the policy.
#[inline]
pub fn recv(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<usize> {
    run(fd, Op::Recv, Readiness::Readable, flags, wait, |flags| {
        call::recv(fd, buf, flags.raw())
    })
}

/// send(2).
///
/// # Errors
/// Those of send(2), such as EPIPE and EMSGSIZE, and of the policy.
#[inline]
pub fn send(
    fd: BorrowedFd<'_>,
    buf: &[u8],
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<usize> {
    run(fd, Op::Send, Readiness::Writable, flags, wait, |flags| {
        call::send(fd, buf, flags.raw())
    })
}

/// recvfrom(2); `from` is left native, and [`Address::UNSPECIFIED`] where the kernel gives none.
///
/// # Errors
/// As [`recv`].
#[inline]
pub fn recv_from(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
    from: &mut Address,
    wait: &mut impl Wait,
) -> Result<usize> {
    run(fd, Op::Recv, Readiness::Readable, flags, wait, |flags| {
        call::recv_from(fd, buf, flags.raw(), from.native_mut())
    })
}

/// sendto(2).
///
/// # Errors
/// As [`send`]; EDESTADDRREQ, EISCONN, ENETUNREACH, and the others of sendto(2).
#[inline]
pub fn send_to(
    fd: BorrowedFd<'_>,
    buf: &[u8],
    flags: MsgFlags,
    to: &Address,
    wait: &mut impl Wait,
) -> Result<usize> {
    run(fd, Op::Send, Readiness::Writable, flags, wait, |flags| {
        call::send_to(fd, buf, flags.raw(), to.native())
    })
}

/// recvmsg(2). Add [`MsgFlags::CMSG_CLOEXEC`] so that received descriptors are close-on-exec:
/// whoever reads `control` owns them.
///
/// # Errors
/// As [`recv`]; EMSGSIZE beyond 1024 buffers.
#[inline]
pub fn recv_msg(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut [MaybeUninit<u8>],
    mut from: Option<&mut Address>,
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<MessageInfo> {
    run(fd, Op::RecvMsg, Readiness::Readable, flags, wait, |flags| {
        let from = from.as_deref_mut().map(Address::native_mut);
        call::recvmsg(fd, bufs, control, from, flags.raw())
    })
}

/// sendmsg(2) with control messages as bytes.
///
/// # Errors
/// As [`send_to`]; EINVAL for control bytes that are malformed, EMSGSIZE beyond 1024 buffers,
/// EBADF and ETOOMANYREFS for descriptors that cannot be passed.
#[inline]
pub fn send_msg(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    control: &[u8],
    to: Option<&Address>,
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<usize> {
    run(fd, Op::SendMsg, Readiness::Writable, flags, wait, |flags| {
        call::sendmsg(fd, bufs, control, to.map(Address::native), flags.raw())
    })
}

/// [`recv_msg`] into an [`Ancillary`], which owns the descriptors that arrive.
///
/// # Errors
/// As [`recv_msg`].
#[inline]
pub fn recv_ancillary<const N: usize>(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    ancillary: &mut Ancillary<N>,
    from: &mut Address,
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<MessageInfo> {
    ancillary.clear();
    run(fd, Op::RecvMsg, Readiness::Readable, flags, wait, |flags| {
        ancillary.recvmsg(fd, bufs, from, flags)
    })
}

/// Sends all of `buf` under one deadline.
///
/// # Errors
/// [`Partial`] says how much went out before the error.
pub fn send_all(
    fd: BorrowedFd<'_>,
    buf: &[u8],
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<(), Partial> {
    let mut done = 0;
    loop {
        let rest = buf.get(done..).unwrap_or_default();
        done += send(fd, rest, flags, wait).map_err(|error| Partial { done, error })?;
        if done >= buf.len() {
            return Ok(());
        }
        // PEP 475: a partial send may mean a signal; the policy learns of it without an EINTR.
        wait.interrupted()
            .and_then(|()| in_time(wait))
            .map_err(|error| Partial { done, error })?;
    }
}

/// Fills all of `buf` under one deadline. MSG_PEEK and MSG_TRUNC have no meaning here: each step would
/// look at the same bytes, or throw them away.
///
/// # Errors
/// [`Partial`] says how much came before the error; [`Error::UnexpectedEof`] is the stream's end.
pub fn recv_exact(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<(), Partial> {
    let mut done = 0;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        if done != 0 {
            in_time(wait).map_err(|error| Partial { done, error })?;
        }
        match recv(fd, rest, flags, wait) {
            Ok(0) => {
                return Err(Partial {
                    done,
                    error: Error::UnexpectedEof,
                });
            }
            Ok(len) => done += len,
            Err(error) => return Err(Partial { done, error }),
        }
    }
    Ok(())
}

/// accept4(2), close-on-exec; `nonblocking` sets O_NONBLOCK on the new socket.
///
/// A connection that died in the queue (ECONNABORTED) is passed over. With a deadline a listener
/// that other processes accept from should be O_NONBLOCK: between the wait and the accept another
/// may take the connection, and a blocking listener then sleeps on.
///
/// # Errors
/// EMFILE and ENFILE, EINVAL where it does not listen, the others of accept(2), and those of the
/// policy.
#[inline]
pub fn accept(
    fd: BorrowedFd<'_>,
    mut peer: Option<&mut Address>,
    nonblocking: bool,
    wait: &mut impl Wait,
) -> Result<OwnedFd> {
    let flags = if nonblocking { libc::SOCK_NONBLOCK } else { 0 };
    let mut nap = Nap::default();
    loop {
        // accept4 has no MSG_DONTWAIT: only the listener's own O_NONBLOCK makes a try harmless.
        if let Some(deadline) = wait.deadline() {
            until_ready(fd, Readiness::Readable, deadline, wait)?;
        }
        let peer = peer.as_deref_mut().map(Address::native_mut);
        match wait.block(|| call::accept(fd, peer, flags)) {
            Ok(accepted) => return Ok(accepted),
            Err(Errno::EINTR) => wait.interrupted()?,
            // accept(2): the error is the new connection's, not the listener's.
            Err(Errno::ECONNABORTED) => {}
            Err(Errno::EAGAIN) if wait.deadline().is_some() => {
                let deadline = wait.deadline().unwrap_or(Deadline::NEVER);
                nap.take(fd, deadline, wait)?;
            }
            Err(errno) => {
                return Err(Error::Os {
                    op: Op::Accept,
                    errno,
                });
            }
        }
    }
}
