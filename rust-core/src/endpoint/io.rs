//! The verbs that move data. Each has a plain form, which waits as the socket does, and a form
//! `…_with` that takes flags and a waiting policy.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Endpoint;
use crate::address::Address;
use crate::control::{Ancillary, Control, ControlBuilder};
use crate::error::{ControlError, Error, Result};
use crate::fd::{self, Partial};
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Wait};
use crate::sys::call::as_uninit;
use crate::sys::control::MAX_FDS;

/// What a receive brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a datagram may have been truncated"]
pub struct Received {
    /// How many bytes are in the buffer. On a stream, 0 is its end.
    pub len: usize,
    /// How long the message was; more than `len` where the buffer was too short.
    pub full_len: usize,
    /// MSG_EOR, MSG_CTRUNC, MSG_ERRQUEUE and their like; empty where the verb has no such answer.
    pub flags: MsgFlags,
}

impl Received {
    #[inline]
    fn new(full_len: usize, room: usize, flags: MsgFlags) -> Self {
        Received {
            len: full_len.min(room),
            full_len,
            flags,
        }
    }

    /// True where the message was longer than the buffer; the rest is lost.
    #[must_use]
    #[inline]
    pub fn truncated(&self) -> bool {
        self.full_len > self.len || self.flags.contains(MsgFlags::TRUNC)
    }

    /// True where control messages had no room (MSG_CTRUNC).
    #[must_use]
    #[inline]
    pub fn control_truncated(&self) -> bool {
        self.flags.contains(MsgFlags::CTRUNC)
    }
}

/// Moving data.
impl Endpoint {
    /// Flags that make a message's full length known. A stream has no messages, and TCP takes
    /// MSG_TRUNC as "throw away" (tcp(7)).
    #[inline]
    pub(super) fn receive_flags(&self, flags: MsgFlags) -> MsgFlags {
        if self.kind.is_stream() {
            flags
        } else {
            flags | MsgFlags::TRUNC
        }
    }

    /// Receives into `buf`.
    ///
    /// # Errors
    /// [`Error::is_would_block`] on a non-blocking socket with nothing there, ECONNRESET, ENOTCONN,
    /// and the others of [recv(2)](https://man7.org/linux/man-pages/man2/recv.2.html).
    #[inline]
    pub fn recv(&self, buf: &mut [u8]) -> Result<Received> {
        self.recv_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::recv`] with flags, waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::recv`], and [`Error::TimedOut`].
    #[inline]
    pub fn recv_with(
        &self,
        buf: &mut [u8],
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<Received> {
        let flags = self.receive_flags(flags);
        let len = fd::recv(self.as_fd(), as_uninit(buf), flags, &mut wait)?;
        Ok(Received::new(len, buf.len(), MsgFlags::empty()))
    }

    /// Sends `buf`, and says how much of it went: all of a datagram, perhaps less on a stream.
    ///
    /// # Errors
    /// EPIPE or ECONNRESET after the peer has gone, EMSGSIZE for a datagram that is too long, and
    /// the others of [send(2)](https://man7.org/linux/man-pages/man2/send.2.html).
    #[inline]
    pub fn send(&self, buf: &[u8]) -> Result<usize> {
        self.send_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::send`] with flags, waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::send`], and [`Error::TimedOut`].
    #[inline]
    pub fn send_with(&self, buf: &[u8], flags: MsgFlags, mut wait: impl Wait) -> Result<usize> {
        fd::send(self.as_fd(), buf, flags, &mut wait)
    }

    /// Receives into `buf`, with the sender's address.
    ///
    /// # Errors
    /// As [`Endpoint::recv`].
    #[inline]
    pub fn recv_from(&self, buf: &mut [u8]) -> Result<(Received, Address)> {
        self.recv_from_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::recv_from`] with flags, waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::recv`], and [`Error::TimedOut`].
    #[inline]
    pub fn recv_from_with(
        &self,
        buf: &mut [u8],
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<(Received, Address)> {
        let mut from = Address::default();
        let received = self.recv_from_into_with(buf, &mut from, flags, &mut wait)?;
        Ok((received, from))
    }

    /// [`Endpoint::recv_from`] into an address that is there already, without a copy of it.
    ///
    /// `from` is [`Address::UNSPECIFIED`] after an error, and where the sender has no address.
    ///
    /// ```
    /// use rsocket::{Address, Endpoint, Family, Kind, Protocol};
    ///
    /// let receiver = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
    /// receiver.bind(&"127.0.0.1:0".parse()?)?;
    /// receiver.send_to(b"hello", &receiver.local_address()?)?;
    ///
    /// let (mut buf, mut from) = ([0; 64], Address::default());
    /// let received = receiver.recv_from_into(&mut buf, &mut from)?;
    /// assert_eq!(&buf[..received.len], b"hello");
    /// assert_eq!(from, receiver.local_address()?);
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Endpoint::recv`].
    #[inline]
    pub fn recv_from_into(&self, buf: &mut [u8], from: &mut Address) -> Result<Received> {
        self.recv_from_into_with(buf, from, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::recv_from_into`] with flags, waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::recv`], and [`Error::TimedOut`].
    #[inline]
    pub fn recv_from_into_with(
        &self,
        buf: &mut [u8],
        from: &mut Address,
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<Received> {
        let flags = self.receive_flags(flags);
        let len = fd::recv_from(self.as_fd(), as_uninit(buf), flags, from, &mut wait)?;
        Ok(Received::new(len, buf.len(), MsgFlags::empty()))
    }

    /// Sends `buf` to `to`.
    ///
    /// # Errors
    /// As [`Endpoint::send`]; EISCONN, ECONNREFUSED, ENOENT for a missing Unix path.
    #[inline]
    pub fn send_to(&self, buf: &[u8], to: &Address) -> Result<usize> {
        self.send_to_with(buf, to, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::send_to`] with flags, waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::send_to`], and [`Error::TimedOut`].
    #[inline]
    pub fn send_to_with(
        &self,
        buf: &[u8],
        to: &Address,
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<usize> {
        fd::send_to(self.as_fd(), buf, flags, to, &mut wait)
    }

    /// Sends all of `buf`.
    ///
    /// # Errors
    /// As [`Endpoint::send`]; [`Partial`] says how much went out before.
    pub fn send_all(&self, buf: &[u8]) -> Result<(), Partial> {
        self.send_all_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::send_all`] with flags; a deadline bounds the whole.
    ///
    /// # Errors
    /// As [`Endpoint::send_all`], and [`Error::TimedOut`].
    pub fn send_all_with(
        &self,
        buf: &[u8],
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<(), Partial> {
        fd::send_all(self.as_fd(), buf, flags, &mut wait)
    }

    /// Fills all of `buf` from a stream.
    ///
    /// # Errors
    /// As [`Endpoint::recv`]; [`Error::UnexpectedEof`] at the end of the stream; [`Error::WrongKind`]
    /// on a socket with message boundaries. [`Partial`] says how much came before.
    pub fn recv_exact(&self, buf: &mut [u8]) -> Result<(), Partial> {
        self.recv_exact_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::recv_exact`] with flags; a deadline bounds the whole. MSG_PEEK and MSG_TRUNC have
    /// no meaning here: each step would look at the same bytes, or throw them away.
    ///
    /// # Errors
    /// As [`Endpoint::recv_exact`], and [`Error::TimedOut`].
    pub fn recv_exact_with(
        &self,
        buf: &mut [u8],
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<(), Partial> {
        if !self.kind.is_stream() {
            return Err(Partial {
                done: 0,
                error: Error::WrongKind,
            });
        }
        fd::recv_exact(self.as_fd(), as_uninit(buf), flags, &mut wait)
    }

    /// Receives into several buffers in turn.
    ///
    /// # Errors
    /// As [`Endpoint::recv`].
    pub fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> Result<Received> {
        let room = bufs.iter().map(|buf| buf.len()).sum();
        let flags = self.receive_flags(MsgFlags::empty());
        let info = fd::recv_msg(self.as_fd(), bufs, &mut [], None, flags, &mut Blocking)?;
        Ok(Received::new(
            info.len,
            room,
            MsgFlags::from_raw(info.flags),
        ))
    }

    /// Sends several buffers as one.
    ///
    /// # Errors
    /// As [`Endpoint::send`]; EMSGSIZE beyond 1024 buffers.
    pub fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        fd::send_msg(
            self.as_fd(),
            bufs,
            &[],
            None,
            MsgFlags::empty(),
            &mut Blocking,
        )
    }

    /// Receives a message with its control messages and the sender's address.
    ///
    /// `ancillary` owns the descriptors that arrive, close-on-exec.
    ///
    /// # Errors
    /// As [`Endpoint::recv`].
    pub fn recv_msg<const N: usize>(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary<N>,
        flags: MsgFlags,
    ) -> Result<(Received, Address)> {
        self.recv_msg_with(bufs, ancillary, flags, Blocking)
    }

    /// [`Endpoint::recv_msg`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::recv`], and [`Error::TimedOut`].
    pub fn recv_msg_with<const N: usize>(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary<N>,
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<(Received, Address)> {
        let room = bufs.iter().map(|buf| buf.len()).sum();
        let flags = self.receive_flags(flags);
        let mut from = Address::default();
        let info = fd::recv_ancillary(self.as_fd(), bufs, ancillary, &mut from, flags, &mut wait)?;
        Ok((
            Received::new(info.len, room, MsgFlags::from_raw(info.flags)),
            from,
        ))
    }

    /// Sends a message with control messages, to `to` where the socket is not connected.
    ///
    /// # Errors
    /// As [`Endpoint::send`]; [`Error::WrongFamily`] for descriptors outside the Unix domain, which
    /// the kernel would drop silently.
    pub fn send_msg<const N: usize>(
        &self,
        bufs: &[IoSlice<'_>],
        control: &ControlBuilder<'_, N>,
        to: Option<&Address>,
        flags: MsgFlags,
    ) -> Result<usize> {
        self.send_msg_with(bufs, control, to, flags, Blocking)
    }

    /// [`Endpoint::send_msg`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::send_msg`], and [`Error::TimedOut`].
    pub fn send_msg_with<const N: usize>(
        &self,
        bufs: &[IoSlice<'_>],
        control: &ControlBuilder<'_, N>,
        to: Option<&Address>,
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<usize> {
        if control.passes_fds() {
            self.require_unix()?;
        }
        fd::send_msg(self.as_fd(), bufs, control.as_bytes(), to, flags, &mut wait)
    }

    /// Sends `data` and up to `N` open descriptors with it. At least one byte must go with
    /// descriptors on a stream (unix(7)).
    ///
    /// ```
    /// use std::os::fd::AsFd;
    /// use rsocket::{Endpoint, Kind};
    ///
    /// let (left, right) = Endpoint::pair(Kind::SEQPACKET)?;
    /// let file = std::fs::File::open("/dev/null").unwrap();
    /// left.send_fds(b"null", &[file.as_fd()])?;
    ///
    /// let mut buf = [0; 16];
    /// let (received, [null]) = right.recv_fds::<1>(&mut buf)?;
    /// assert_eq!(&buf[..received.len], b"null");
    /// assert!(null.is_some());
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Endpoint::send`]; [`Error::WrongFamily`] outside the Unix domain,
    /// [`ControlError::TooManyFds`] beyond 253 (`SCM_MAX_FD`).
    pub fn send_fds(&self, data: &[u8], fds: &[BorrowedFd<'_>]) -> Result<usize> {
        self.send_fds_with(data, fds, Blocking)
    }

    /// [`Endpoint::send_fds`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::send_fds`], and [`Error::TimedOut`].
    pub fn send_fds_with(
        &self,
        data: &[u8],
        fds: &[BorrowedFd<'_>],
        wait: impl Wait,
    ) -> Result<usize> {
        self.require_unix()?;
        const ROOM: usize = ControlBuilder::space_for_fds(MAX_FDS);
        // One descriptor is the usual case: keep its header small.
        if let [fd] = fds {
            let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(1) }>::new();
            control.push_fds(&[*fd])?;
            let data = [IoSlice::new(data)];
            return self.send_msg_with(&data, &control, None, MsgFlags::empty(), wait);
        }
        let mut control = ControlBuilder::<ROOM>::new();
        if !fds.is_empty() {
            control.push_fds(fds)?;
        }
        let data = [IoSlice::new(data)];
        self.send_msg_with(&data, &control, None, MsgFlags::empty(), wait)
    }

    /// Receives data and up to `N` descriptors that were passed with it (SCM_RIGHTS), close-on-exec.
    ///
    /// # Errors
    /// As [`Endpoint::recv`]; [`ControlError::Truncated`] where more than `N` descriptors came: all
    /// of them are closed then, and the data is in `buf`.
    pub fn recv_fds<const N: usize>(
        &self,
        buf: &mut [u8],
    ) -> Result<(Received, [Option<OwnedFd>; N])> {
        self.recv_fds_with(buf, Blocking)
    }

    /// [`Endpoint::recv_fds`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Endpoint::recv_fds`], and [`Error::TimedOut`].
    pub fn recv_fds_with<const N: usize>(
        &self,
        buf: &mut [u8],
        wait: impl Wait,
    ) -> Result<(Received, [Option<OwnedFd>; N])> {
        self.require_unix()?;
        // Whatever else the socket asks for comes beside them.
        const ROOM: usize = ControlBuilder::space_for_fds(MAX_FDS)
            + ControlBuilder::space_for_credentials()
            + ControlBuilder::space_for_fds(1);
        let mut ancillary = Ancillary::<ROOM>::new();
        let mut bufs = [IoSliceMut::new(buf)];
        let (received, _) =
            self.recv_msg_with(&mut bufs, &mut ancillary, MsgFlags::empty(), wait)?;
        let mut came = ancillary
            .messages()
            .filter_map(|message| match message {
                Control::Rights(fds) => Some(fds),
                _ => None,
            })
            .flatten();
        let fds = std::array::from_fn(|_| came.next());
        if received.control_truncated() || came.next().is_some() {
            return Err(ControlError::Truncated.into());
        }
        Ok((received, fds))
    }
}
