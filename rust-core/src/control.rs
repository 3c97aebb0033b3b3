//! Control messages (ancillary data): a builder that borrows descriptors, a buffer that owns them.

use std::fmt;
use std::io::IoSliceMut;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use crate::address::Address;
use crate::errno::Errno;
use crate::error::{ControlError, Result};
use crate::flags::MsgFlags;
use crate::sys::call::MessageInfo;
use crate::sys::control::{
    ControlBuffer, MAX_FDS, ReceivedFds, ReceivedMessage, ReceivedMessages, message_space,
    write_header,
};
use crate::sys::missing::SCM_PIDFD;

/// Who a process is, as the kernel vouches for it: see unix(7), `SO_PEERCRED`, `SCM_CREDENTIALS`.
///
/// Plain integers, because the kernel gives 0 for a process outside the reader's PID namespace and
/// 65534 for a user outside its user namespace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Credentials {
    /// Process id.
    pub pid: i32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Credentials {
    pub(crate) const SIZE: usize = size_of::<libc::ucred>();

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (pid, rest) = bytes.split_first_chunk::<4>()?;
        let (uid, rest) = rest.split_first_chunk::<4>()?;
        let (gid, _) = rest.split_first_chunk::<4>()?;
        Some(Credentials {
            pid: i32::from_ne_bytes(*pid),
            uid: u32::from_ne_bytes(*uid),
            gid: u32::from_ne_bytes(*gid),
        })
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.pid.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.uid.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.gid.to_ne_bytes());
        bytes
    }
}

/// Control messages to send, in `N` bytes on the stack. Borrows the descriptors that it passes.
///
/// ```
/// use std::os::fd::AsFd;
/// use rsocket::{Ancillary, ControlBuilder, Endpoint, Kind, MsgFlags};
/// use std::io::{IoSlice, IoSliceMut};
///
/// let (left, right) = Endpoint::pair(Kind::STREAM)?;
/// let stdin = std::io::stdin();
///
/// let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(1) }>::new();
/// control.push_fds(&[stdin.as_fd()])?;
/// left.send_msg(&[IoSlice::new(b"stdin")], &control, None, MsgFlags::empty())?;
///
/// let mut ancillary = Ancillary::<{ ControlBuilder::space_for_fds(1) }>::new();
/// let mut data = [0; 16];
/// let mut bufs = [IoSliceMut::new(&mut data)];
/// let (received, _from) = right.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty())?;
/// assert_eq!(received.len, 5);
/// assert_eq!(ancillary.take_fds().count(), 1);
/// # Ok::<(), rsocket::Error>(())
/// ```
pub struct ControlBuilder<'fd, const N: usize> {
    bytes: Aligned<N>,
    len: usize,
    passes_fds: bool,
    fds: PhantomData<BorrowedFd<'fd>>,
}

#[repr(C, align(8))]
struct Aligned<const N: usize>([u8; N]);

impl ControlBuilder<'_, 0> {
    /// The room that one message with `data` bytes takes (`CMSG_SPACE`, cmsg(3)).
    #[must_use]
    pub const fn space(data: usize) -> usize {
        message_space(data)
    }

    /// The room that a message with `count` descriptors takes.
    #[must_use]
    pub const fn space_for_fds(count: usize) -> usize {
        message_space(count * size_of::<i32>())
    }

    /// The room that a message with credentials takes.
    #[must_use]
    pub const fn space_for_credentials() -> usize {
        message_space(Credentials::SIZE)
    }
}

impl<'fd, const N: usize> ControlBuilder<'fd, N> {
    /// No messages yet.
    #[must_use]
    pub const fn new() -> Self {
        ControlBuilder {
            bytes: Aligned([0; N]),
            len: 0,
            passes_fds: false,
            fds: PhantomData,
        }
    }

    /// Adds `SCM_RIGHTS`: open descriptors for the peer, Unix domain only.
    ///
    /// # Errors
    /// [`ControlError::TooManyFds`] beyond 253 (`SCM_MAX_FD`), [`ControlError::NoRoom`].
    pub fn push_fds(&mut self, fds: &[BorrowedFd<'fd>]) -> Result<&mut Self> {
        if fds.len() > MAX_FDS {
            let count = u32::try_from(fds.len()).unwrap_or(u32::MAX);
            return Err(ControlError::TooManyFds(count).into());
        }
        let data = self.reserve(libc::SOL_SOCKET, libc::SCM_RIGHTS, size_of_val(fds))?;
        for (slot, fd) in data.chunks_exact_mut(size_of::<i32>()).zip(fds) {
            slot.copy_from_slice(&fd.as_raw_fd().to_ne_bytes());
        }
        self.passes_fds = true;
        Ok(self)
    }

    /// Adds `SCM_CREDENTIALS`: who sends, checked by the kernel, Unix domain only.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push_credentials(&mut self, credentials: Credentials) -> Result<&mut Self> {
        self.push(
            libc::SOL_SOCKET,
            libc::SCM_CREDENTIALS,
            &credentials.to_bytes(),
        )
    }

    /// Adds any other message, as bytes. Not for `SCM_RIGHTS`: the numbers would not be borrowed.
    ///
    /// # Errors
    /// [`ControlError::NoRoom`].
    pub fn push(&mut self, level: i32, kind: i32, data: &[u8]) -> Result<&mut Self> {
        self.reserve(level, kind, data.len())?.copy_from_slice(data);
        Ok(self)
    }

    fn reserve(&mut self, level: i32, kind: i32, data_len: usize) -> Result<&mut [u8]> {
        let room = self.bytes.0.get_mut(self.len..).unwrap_or_default();
        let data = write_header(room, level, kind, data_len).ok_or(ControlError::NoRoom)?;
        self.len += message_space(data_len);
        Ok(data)
    }

    /// True where it carries descriptors.
    #[must_use]
    pub const fn passes_fds(&self) -> bool {
        self.passes_fds
    }

    /// The messages as the kernel reads them.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.0.get(..self.len).unwrap_or_default()
    }
}

impl<const N: usize> Default for ControlBuilder<'_, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for ControlBuilder<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlBuilder")
            .field("len", &self.len)
            .field("capacity", &N)
            .finish()
    }
}

/// Received control messages, in `N` bytes on the stack; use it again for the next message.
///
/// It owns every descriptor that arrived until that is taken, and closes the rest when the next
/// message is received or when it is dropped. Where messages did not fit,
/// [`Received::control_truncated`](crate::Received::control_truncated) says so; descriptors that
/// had no room never reached this process.
pub struct Ancillary<const N: usize> {
    buffer: ControlBuffer<N>,
}

impl<const N: usize> Ancillary<N> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Ancillary {
            buffer: ControlBuffer::new(),
        }
    }

    /// The messages in the order they came. Descriptors can be taken once.
    pub fn messages(&mut self) -> Messages<'_> {
        Messages(self.buffer.messages())
    }

    /// The descriptors of all messages, each taken as it is yielded.
    pub fn take_fds(&mut self) -> impl Iterator<Item = OwnedFd> + '_ {
        self.buffer.messages().flat_map(ReceivedMessage::into_fds)
    }

    /// The first credentials among the messages.
    pub fn credentials(&mut self) -> Option<Credentials> {
        self.messages().find_map(|message| match message {
            Control::Credentials(credentials) => Some(credentials),
            _ => None,
        })
    }

    /// Closes what was not taken and forgets the messages.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    #[inline]
    pub(crate) fn recvmsg(
        &mut self,
        fd: BorrowedFd<'_>,
        bufs: &mut [IoSliceMut<'_>],
        from: &mut Address,
        flags: MsgFlags,
    ) -> Result<MessageInfo, Errno> {
        self.buffer
            .recvmsg(fd, bufs, Some(from.native_mut()), flags.raw())
    }
}

impl<const N: usize> Default for Ancillary<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for Ancillary<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ancillary")
            .field("capacity", &N)
            .finish_non_exhaustive()
    }
}

/// The messages of an [`Ancillary`].
pub struct Messages<'a>(ReceivedMessages<'a>);

impl fmt::Debug for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Messages")
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Control<'a>;

    fn next(&mut self) -> Option<Control<'a>> {
        let message = self.0.next()?;
        let (level, kind) = (message.level, message.kind);
        if level == libc::SOL_SOCKET {
            match kind {
                libc::SCM_RIGHTS => return Some(Control::Rights(Fds(message.into_fds()))),
                SCM_PIDFD => return Some(Control::PidFd(message.into_fds().next())),
                libc::SCM_CREDENTIALS => {
                    let data = message.into_data();
                    return Some(match Credentials::from_bytes(data) {
                        Some(credentials) => Control::Credentials(credentials),
                        None => Control::Other { level, kind, data },
                    });
                }
                _ => {}
            }
        }
        Some(Control::Other {
            level,
            kind,
            data: message.into_data(),
        })
    }
}

/// One received control message.
#[derive(Debug)]
#[non_exhaustive]
pub enum Control<'a> {
    /// `SCM_RIGHTS`: descriptors, to be taken.
    Rights(Fds<'a>),
    /// `SCM_PIDFD`: a descriptor of the sending process, from the kernel; `None` once taken.
    PidFd(Option<OwnedFd>),
    /// `SCM_CREDENTIALS`: who sent the message.
    Credentials(Credentials),
    /// A message that has no variant of its own here, as bytes.
    Other {
        /// `cmsg_level`.
        level: i32,
        /// `cmsg_type`.
        kind: i32,
        /// The bytes behind the header.
        data: &'a [u8],
    },
}

/// Received descriptors; each is taken as it is yielded.
pub struct Fds<'a>(ReceivedFds<'a>);

impl fmt::Debug for Fds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fds({} left)", self.0.remaining())
    }
}

impl Iterator for Fds<'_> {
    type Item = OwnedFd;

    fn next(&mut self) -> Option<OwnedFd> {
        self.0.next()
    }
}
