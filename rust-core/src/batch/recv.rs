//! [`RecvBatch`]: slots to receive many messages into at once.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::slice::Chunks;

use crate::address::Address;
use crate::control::{Control, Messages, TakeFds};
use crate::error::{Error, Op, Result};
use crate::flags::MsgFlags;
use crate::policy::{Readiness, Wait, run};
use crate::sys::control::ReceivedMessages as RawMessages;
use crate::sys::mmsg::{RecvArray, RecvEntries, RecvEntry};

/// Room for many messages, received by one system call and used again for the next.
///
/// All memory is allocated when it is made; no call allocates, copies an address or zeroes a
/// buffer. It owns what descriptors arrive until they are taken, and closes the rest at the next
/// receive or when it is dropped.
///
/// ```
/// use rsocket::{Endpoint, Family, Kind, Protocol, RecvBatch};
///
/// let receiver = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
/// receiver.bind(&"127.0.0.1:0".parse()?)?;
/// let sender = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
/// for text in ["one", "two", "three"] {
///     sender.send_to(text.as_bytes(), &receiver.local_address()?)?;
/// }
///
/// let mut batch = RecvBatch::new(32, 1500)?;
/// let mut texts = Vec::new();
/// while texts.len() < 3 {
///     for message in receiver.recv_batch(&mut batch)? {
///         assert!(!message.truncated());
///         texts.push(String::from_utf8_lossy(message.data).into_owned());
///     }
/// }
/// assert_eq!(texts, ["one", "two", "three"]);
/// # Ok::<(), rsocket::Error>(())
/// ```
pub struct RecvBatch {
    array: RecvArray,
}

impl RecvBatch {
    /// Room for `slots` messages of up to `len` bytes each. The kernel fills 1024 slots at most in
    /// one call (`UIO_MAXIOV`).
    ///
    /// # Errors
    /// [`Errno::ENOMEM`](crate::Errno::ENOMEM).
    pub fn new(slots: usize, len: usize) -> Result<Self> {
        Self::with_control(slots, len, 0)
    }

    /// The same with `control_len` bytes each for control messages: add up
    /// [`ControlBuilder::space`](crate::ControlBuilder::space).
    ///
    /// # Errors
    /// [`Errno::ENOMEM`](crate::Errno::ENOMEM).
    pub fn with_control(slots: usize, len: usize, control_len: usize) -> Result<Self> {
        let array = RecvArray::new(slots, len, control_len).map_err(|errno| Error::Os {
            op: Op::RecvMmsg,
            errno,
        })?;
        Ok(RecvBatch { array })
    }

    /// How many messages one call can bring.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.array.slots()
    }

    /// How many messages the last call brought.
    #[must_use]
    pub fn len(&self) -> usize {
        self.array.filled()
    }

    /// True where the last call brought nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The messages of the last call, in the order they came. Descriptors can be taken once.
    #[inline]
    pub fn messages(&mut self) -> ReceivedMessages<'_> {
        ReceivedMessages(self.array.entries())
    }

    #[inline]
    pub(crate) fn receive(
        &mut self,
        fd: BorrowedFd<'_>,
        flags: MsgFlags,
        wait: &mut impl Wait,
    ) -> Result<()> {
        self.array.reset();
        // recvmmsg(2): without MSG_WAITFORONE a blocking socket sleeps until every slot is full.
        let flags = flags | MsgFlags::WAITFORONE;
        run(
            fd,
            Op::RecvMmsg,
            Readiness::Readable,
            flags,
            wait,
            |flags| self.array.receive(fd, flags.raw()),
        )
    }
}

impl fmt::Debug for RecvBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvBatch")
            .field("slots", &self.slots())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// The messages that a [`RecvBatch`] holds.
pub struct ReceivedMessages<'a>(RecvEntries<'a>);

impl<'a> Iterator for ReceivedMessages<'a> {
    type Item = ReceivedMessage<'a>;

    #[inline]
    fn next(&mut self) -> Option<ReceivedMessage<'a>> {
        self.0.next().map(ReceivedMessage::new)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for ReceivedMessages<'_> {}

impl fmt::Debug for ReceivedMessages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceivedMessages({} left)", self.len())
    }
}

/// One message of a [`RecvBatch`].
pub struct ReceivedMessage<'a> {
    /// What came, cut to the room of a slot.
    pub data: &'a mut [u8],
    /// Who sent it; [`Address::UNSPECIFIED`] where the kernel says nothing.
    pub from: &'a Address,
    /// How long the message was; more than `data` where the slot was too short.
    pub full_len: usize,
    /// MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_ERRQUEUE and their like.
    pub flags: MsgFlags,
    control: RawMessages<'a>,
}

impl<'a> ReceivedMessage<'a> {
    #[inline]
    fn new(entry: RecvEntry<'a>) -> Self {
        ReceivedMessage {
            data: entry.data,
            from: Address::of(entry.from),
            full_len: entry.len,
            flags: MsgFlags::from_raw(entry.flags),
            control: entry.control,
        }
    }

    /// True where the message was longer than the slot; the rest is lost.
    #[must_use]
    #[inline]
    pub fn truncated(&self) -> bool {
        self.full_len > self.data.len() || self.flags.contains(MsgFlags::TRUNC)
    }

    /// True where control messages had no room (MSG_CTRUNC).
    #[must_use]
    #[inline]
    pub fn control_truncated(&self) -> bool {
        self.flags.contains(MsgFlags::CTRUNC)
    }

    /// The control messages in the order they came. Descriptors can be taken once.
    #[inline]
    pub fn messages(&mut self) -> Messages<'_> {
        Messages(self.control.reborrow())
    }

    /// The descriptors of all control messages, each taken as it is yielded.
    #[inline]
    pub fn take_fds(&mut self) -> TakeFds<'_> {
        TakeFds::new(self.control.reborrow(), None)
    }

    /// The length in bytes of the datagrams that the kernel joined into this one (UDP_GRO); `None`
    /// where it is a single datagram.
    #[must_use]
    pub fn segment_size(&mut self) -> Option<u16> {
        self.control.reborrow().find_map(|message| {
            let is_size = message.level == libc::SOL_UDP && message.kind == libc::UDP_GRO;
            match is_size.then(|| Control::new(message))? {
                Control::SegmentSize(size) => Some(size),
                _ => None,
            }
        })
    }

    /// The datagrams that the kernel joined into this one (UDP_GRO), or the one that it is. The
    /// slot needs room for the control message: `ControlBuilder::space(4)`.
    #[must_use]
    pub fn segments(&mut self) -> Segments<'_> {
        let whole = self.data.len();
        let size = self.segment_size().map_or(whole, usize::from);
        Segments {
            is_empty_datagram: self.data.is_empty(),
            pieces: self.data.chunks(size.max(1)),
        }
    }
}

impl fmt::Debug for ReceivedMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedMessage")
            .field("len", &self.data.len())
            .field("from", &self.from)
            .field("full_len", &self.full_len)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

/// The single datagrams of a [`ReceivedMessage`].
#[derive(Clone, Debug)]
pub struct Segments<'a> {
    pieces: Chunks<'a, u8>,
    is_empty_datagram: bool,
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if std::mem::take(&mut self.is_empty_datagram) {
            return Some(&[]);
        }
        self.pieces.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.pieces.len() + usize::from(self.is_empty_datagram);
        (len, Some(len))
    }
}

impl ExactSizeIterator for Segments<'_> {}
