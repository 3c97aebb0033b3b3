//! Control messages (ancillary data): a builder that borrows descriptors, a buffer that owns them.

mod builder;
mod message;
mod raw;
mod values;

pub use builder::ControlBuilder;
pub use message::{Control, Fds, Messages, TakeFds};
pub use raw::{control_len, control_messages, control_space, push_control};
pub use values::{Credentials, ErrorOrigin, ExtendedError, PacketInfo, Timestamp, Timestamps};

use std::fmt;
use std::io::IoSliceMut;
use std::os::fd::BorrowedFd;

use crate::address::Address;
use crate::errno::Errno;
use crate::flags::MsgFlags;
use crate::sys::call::MessageInfo;
use crate::sys::control::ReceiveBuffer;

/// Received control messages, in `N` bytes on the stack; use it again for the next message.
///
/// It owns every descriptor that arrived until that is taken, and closes the rest when the next
/// message is received or when it is dropped. Where messages did not fit,
/// [`Received::control_truncated`](crate::Received::control_truncated) says so; descriptors that
/// had no room never reached this process.
///
/// ```
/// use std::io::IoSliceMut;
/// use rsocket::{Ancillary, Control, ControlBuilder, Endpoint, Kind, MsgFlags};
///
/// let (left, right) = Endpoint::pair(Kind::SEQPACKET)?;
/// right.set_raw_option(libc::SOL_SOCKET, libc::SO_PASSCRED, &1i32.to_ne_bytes())?;
/// left.send(b"who am I?")?;
///
/// let mut ancillary = Ancillary::<{ ControlBuilder::space_for_credentials() }>::new();
/// let mut data = [0; 16];
/// let mut bufs = [IoSliceMut::new(&mut data)];
/// let (received, _) = right.recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty())?;
/// assert!(!received.control_truncated());
/// for message in ancillary.messages() {
///     match message {
///         Control::Credentials(who) => assert_eq!(who.pid, std::process::id() as i32),
///         other => panic!("nothing else was asked for: {other:?}"),
///     }
/// }
/// # Ok::<(), rsocket::Error>(())
/// ```
pub struct Ancillary<const N: usize> {
    buffer: ReceiveBuffer<N>,
}

impl<const N: usize> Ancillary<N> {
    /// Empty.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        Ancillary {
            buffer: ReceiveBuffer::new(),
        }
    }

    /// The messages in the order they came. Descriptors can be taken once.
    #[inline]
    pub fn messages(&mut self) -> Messages<'_> {
        Messages(self.buffer.messages())
    }

    /// The descriptors of all messages, each taken as it is yielded.
    #[inline]
    pub fn take_fds(&mut self) -> TakeFds<'_> {
        let (messages, may_hold_fds) = self.buffer.messages_to_take();
        TakeFds::new(messages, Some(may_hold_fds))
    }

    /// The first credentials among the messages.
    pub fn credentials(&mut self) -> Option<Credentials> {
        // Not through `messages`, which would take and close a pidfd on the way.
        self.buffer.messages().find_map(|message| {
            let (level, kind) = (message.level, message.kind);
            let is_credentials = level == libc::SOL_SOCKET && kind == libc::SCM_CREDENTIALS;
            is_credentials
                .then(|| Credentials::from_bytes(message.into_data()))
                .flatten()
        })
    }

    /// Closes what was not taken and forgets the messages.
    #[inline]
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    /// One recvmsg(2) behind a [`Ancillary::clear`].
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
