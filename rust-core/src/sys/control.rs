//! Control messages (cmsg(3)): a bounds-checked walk, an encoder, and the buffers: one to send from,
//! one that owns what descriptors arrived.

use std::ffi::c_int;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::slice;

use super::call::{self, MessageInfo};
use super::missing::SCM_PIDFD;
use super::sockaddr::SockAddr;
use crate::errno::Errno;

/// The kernel's limit of descriptors in one message (`SCM_MAX_FD`, include/net/scm.h).
pub(crate) const MAX_FDS: usize = 253;

/// The size of `struct cmsghdr`: a length and two numbers.
pub(crate) const HEADER: usize = size_of::<libc::cmsghdr>();

/// `CMSG_ALIGN`: messages start at multiples of the size of a machine word.
pub(crate) const fn align(len: usize) -> usize {
    (len + size_of::<usize>() - 1) & !(size_of::<usize>() - 1)
}

/// `CMSG_LEN`: what the length field of a message with `data` bytes says.
pub(crate) const fn message_len(data: usize) -> usize {
    align(HEADER) + data
}

/// `CMSG_SPACE`: the room that a message with `data` bytes takes.
pub(crate) const fn message_space(data: usize) -> usize {
    align(HEADER) + align(data)
}

/// One control message: where it stands and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) level: c_int,
    pub(crate) kind: c_int,
    /// Where its data starts and ends in the buffer; cut to the buffer where the length lies.
    pub(crate) data_start: usize,
    pub(crate) data_end: usize,
    /// Where the next message starts.
    pub(crate) next: usize,
}

impl Header {
    /// A message at `offset` of a buffer with `room` bytes, as its own fields have it.
    ///
    /// The length field is not trusted: below a header it ends the walk (as cmsg(3)'s CMSG_NXTHDR
    /// does), beyond the buffer it is cut, so that no walk leaves the buffer or stands still.
    #[inline]
    fn checked(
        len: usize,
        level: c_int,
        kind: c_int,
        offset: usize,
        room: usize,
    ) -> Option<Header> {
        if len < HEADER {
            return None;
        }
        let end = offset.saturating_add(len).min(room);
        Some(Header {
            level,
            kind,
            data_start: (offset + align(HEADER)).min(end),
            data_end: end,
            next: align(end),
        })
    }
}

/// The message that starts at `offset`, or `None` where no whole header is left.
pub(crate) fn header_at(buffer: &[u8], offset: usize) -> Option<Header> {
    let rest = buffer.get(offset..)?;
    let (len, rest) = rest.split_first_chunk::<{ size_of::<usize>() }>()?;
    let (level, rest) = rest.split_first_chunk::<4>()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    Header::checked(
        usize::from_ne_bytes(*len),
        c_int::from_ne_bytes(*level),
        c_int::from_ne_bytes(*kind),
        offset,
        buffer.len(),
    )
}

/// Writes a header at the start of `room` and says where its data goes; `None` without room.
#[inline]
pub(crate) fn write_header(
    room: &mut [u8],
    level: c_int,
    kind: c_int,
    data_len: usize,
) -> Option<&mut [u8]> {
    if data_len > room.len() || message_space(data_len) > room.len() {
        return None;
    }
    let (head, data) = room.split_at_mut(align(HEADER));
    head.fill(0);
    const WORD: usize = size_of::<usize>();
    head[..WORD].copy_from_slice(&message_len(data_len).to_ne_bytes());
    head[WORD..WORD + 4].copy_from_slice(&level.to_ne_bytes());
    head[WORD + 4..WORD + 8].copy_from_slice(&kind.to_ne_bytes());
    let (data, padding) = data.split_at_mut(data_len);
    padding[..align(data_len) - data_len].fill(0);
    Some(data)
}

/// Room for control messages, on the stack and never zeroed as a whole.
///
/// Invariant: the first `len` bytes are initialised. Aligned as cmsghdr(3) is.
#[repr(C, align(8))]
pub(crate) struct ControlBuffer<const N: usize> {
    bytes: [MaybeUninit<u8>; N],
    len: usize,
}

impl<const N: usize> ControlBuffer<N> {
    #[inline]
    pub(crate) const fn new() -> Self {
        ControlBuffer {
            bytes: [const { MaybeUninit::uninit() }; N],
            len: 0,
        }
    }

    /// Writes the header of one more message and says where its data goes; `None` without room.
    #[inline]
    pub(crate) fn append(
        &mut self,
        level: c_int,
        kind: c_int,
        data_len: usize,
    ) -> Option<&mut [u8]> {
        let rest = self.bytes.get_mut(self.len..)?;
        if data_len > rest.len() || message_space(data_len) > rest.len() {
            return None;
        }
        let room = rest.get_mut(..message_space(data_len))?;
        room.fill(MaybeUninit::new(0));
        self.len += room.len();
        // SAFETY: every byte of `room` has just been written.
        let room = unsafe { &mut *(&raw mut *room as *mut [u8]) };
        write_header(room, level, kind, data_len)
    }

    /// What was appended.
    #[inline]
    pub(crate) fn written(&self) -> &[u8] {
        // SAFETY: the first `len` bytes are initialised, and `len` is at most N.
        unsafe { slice::from_raw_parts(self.bytes.as_ptr().cast::<u8>(), self.len) }
    }

    pub(crate) fn forget(&mut self) {
        self.len = 0;
    }
}

/// Room for received control messages. Owns every descriptor in them that nobody has taken.
///
/// Invariant: the first `len` bytes, of N at most, are what recvmsg(2) wrote, but for descriptors
/// that were taken, whose numbers are -1. Aligned as cmsghdr(3) is.
#[repr(C, align(8))]
pub(crate) struct ReceiveBuffer<const N: usize> {
    bytes: [MaybeUninit<u8>; N],
    len: usize,
    /// False where no descriptor is left for sure.
    may_hold_fds: bool,
}

impl<const N: usize> ReceiveBuffer<N> {
    #[inline]
    pub(crate) const fn new() -> Self {
        ReceiveBuffer {
            bytes: [const { MaybeUninit::uninit() }; N],
            len: 0,
            may_hold_fds: false,
        }
    }

    /// Receives a message behind a [`ReceiveBuffer::clear`]; received descriptors are close-on-exec.
    #[inline]
    pub(crate) fn recvmsg(
        &mut self,
        fd: BorrowedFd<'_>,
        bufs: &mut [IoSliceMut<'_>],
        from: Option<&mut SockAddr>,
        flags: c_int,
    ) -> Result<MessageInfo, Errno> {
        debug_assert!(!self.may_hold_fds);
        let flags = flags | libc::MSG_CMSG_CLOEXEC;
        let info = call::recvmsg(fd, bufs, &mut self.bytes, from, flags)?;
        self.len = info.control_len;
        self.may_hold_fds = info.control_len != 0;
        Ok(info)
    }

    /// The messages, whose descriptors can be taken out.
    #[inline]
    pub(crate) fn messages(&mut self) -> ReceivedMessages<'_> {
        self.messages_to_take().0
    }

    /// The messages, and where to say that no descriptor is left in any of them.
    #[inline]
    pub(crate) fn messages_to_take(&mut self) -> (ReceivedMessages<'_>, &mut bool) {
        // SAFETY: by the type's invariant `len` is at most N and recvmsg(2) wrote these bytes, and
        // the descriptors in them belong to this buffer until they are taken, which leaves -1
        // behind.
        let messages = unsafe { ReceivedMessages::new(self.bytes.get_unchecked_mut(..self.len)) };
        (messages, &mut self.may_hold_fds)
    }

    /// Closes every descriptor that was not taken, and forgets the messages.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.may_hold_fds {
            self.messages().close_fds();
            self.may_hold_fds = false;
        }
        self.len = 0;
    }
}

impl<const N: usize> Drop for ReceiveBuffer<N> {
    #[inline]
    fn drop(&mut self) {
        self.clear();
    }
}

/// Closes every descriptor among the control messages that [`recv_msg`](crate::fd::recv_msg) wrote:
/// those of SCM_RIGHTS and SCM_PIDFD.
///
/// # Safety
/// recvmsg(2) must have written all of `written`, but for padding between messages, and nobody else
/// may have the descriptors in it.
pub unsafe fn close_received(written: &mut [MaybeUninit<u8>]) {
    // SAFETY: the caller's promise.
    unsafe { ReceivedMessages::new(written) }.close_fds();
}

/// The walk over received control messages.
pub(crate) struct ReceivedMessages<'a> {
    rest: &'a mut [MaybeUninit<u8>],
}

impl<'a> ReceivedMessages<'a> {
    /// # Safety
    /// recvmsg(2) must have written all of `written`, but for padding between messages, and the
    /// descriptors among it must belong to whoever calls.
    #[inline]
    pub(crate) unsafe fn new(written: &'a mut [MaybeUninit<u8>]) -> Self {
        ReceivedMessages { rest: written }
    }

    /// The same walk from where it stands, for a shorter time.
    #[inline]
    pub(crate) fn reborrow(&mut self) -> ReceivedMessages<'_> {
        ReceivedMessages { rest: self.rest }
    }

    /// True where no further message is left.
    #[inline]
    pub(crate) fn is_finished(&self) -> bool {
        self.rest.len() < HEADER
    }

    /// Closes every descriptor that was not taken.
    pub(crate) fn close_fds(self) {
        for message in self {
            message.into_fds().for_each(drop);
        }
    }
}

impl<'a> Iterator for ReceivedMessages<'a> {
    type Item = ReceivedMessage<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.rest);
        let (header, rest) = rest.split_at_mut_checked(align(HEADER))?;
        // SAFETY: as many bytes as a header has are there, and recvmsg(2) wrote them: it fills
        // the control buffer with whole headers and their data (cmsg(3)).
        let header = unsafe { header.as_ptr().cast::<libc::cmsghdr>().read_unaligned() };
        let (level, kind) = (header.cmsg_level, header.cmsg_type);
        // As in `Header::checked`: a length below a header ends the walk, one beyond the buffer is
        // cut.
        let len: usize = header.cmsg_len as _;
        let len = len.checked_sub(align(HEADER))?;
        let (data, rest) = rest.split_at_mut(len.min(rest.len()));
        let padding = len.wrapping_neg() % size_of::<usize>();
        self.rest = rest.get_mut(padding..).unwrap_or_default();
        // SAFETY: from the header to its length recvmsg(2) wrote every byte of the message.
        let data = unsafe { &mut *(&raw mut *data as *mut [u8]) };
        Some(ReceivedMessage { level, kind, data })
    }
}

/// One message that recvmsg(2) wrote.
pub(crate) struct ReceivedMessage<'a> {
    pub(crate) level: c_int,
    pub(crate) kind: c_int,
    data: &'a mut [u8],
}

impl<'a> ReceivedMessage<'a> {
    #[inline]
    pub(crate) fn into_data(self) -> &'a [u8] {
        self.data
    }

    /// The descriptors of a message that carries some; none for any other message.
    #[inline]
    pub(crate) fn into_fds(self) -> ReceivedFds<'a> {
        let carries_fds =
            self.level == libc::SOL_SOCKET && matches!(self.kind, libc::SCM_RIGHTS | SCM_PIDFD);
        ReceivedFds {
            numbers: if carries_fds { self.data } else { &mut [] },
        }
    }
}

/// Received descriptors. Each that is not taken stays with the buffer, which closes it.
pub(crate) struct ReceivedFds<'a> {
    numbers: &'a mut [u8],
}

impl ReceivedFds<'_> {
    #[inline]
    pub(crate) fn none() -> Self {
        ReceivedFds { numbers: &mut [] }
    }

    #[inline]
    pub(crate) fn remaining(&self) -> usize {
        self.numbers.len() / size_of::<c_int>()
    }
}

impl Iterator for ReceivedFds<'_> {
    type Item = OwnedFd;

    #[inline]
    fn next(&mut self) -> Option<OwnedFd> {
        loop {
            let numbers = std::mem::take(&mut self.numbers);
            let (number, rest) = numbers.split_first_chunk_mut::<{ size_of::<c_int>() }>()?;
            self.numbers = rest;
            let fd = c_int::from_ne_bytes(*number);
            if fd >= 0 {
                *number = c_int::to_ne_bytes(-1);
                // SAFETY: the number came from SCM_RIGHTS or SCM_PIDFD (`into_fds`), is in nobody
                // else's hands, and cannot be taken again: the buffer now says -1.
                return Some(unsafe { call::received_fd(fd) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_c_macros() {
        for len in 0..100 {
            // SAFETY: CMSG_LEN and CMSG_SPACE are arithmetic on their argument (cmsg(3)).
            let (c_len, c_space) = unsafe { (libc::CMSG_LEN(len), libc::CMSG_SPACE(len)) };
            assert_eq!(message_len(len as usize), c_len as usize);
            assert_eq!(message_space(len as usize), c_space as usize);
        }
    }

    #[test]
    fn a_lying_length_neither_leaves_the_buffer_nor_loops() {
        for len in [0, 1, 15, 16, 17, 24, 1000, usize::MAX] {
            let mut buffer = [0u8; 64];
            buffer[..8].copy_from_slice(&usize::to_ne_bytes(len));
            let mut offset = 0;
            let mut steps = 0;
            while let Some(header) = header_at(&buffer, offset) {
                assert!(header.data_start <= header.data_end && header.data_end <= buffer.len());
                assert!(header.next > offset);
                offset = header.next;
                steps += 1;
                assert!(steps <= 4);
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut buffer = [0xff; 48];
        let first = write_header(&mut buffer, 1, 2, 3).expect("room");
        first.copy_from_slice(b"abc");
        let offset = message_space(3);
        write_header(&mut buffer[offset..], 4, 5, 8)
            .expect("room")
            .fill(9);
        let one = header_at(&buffer, 0).expect("first");
        assert_eq!((one.level, one.kind), (1, 2));
        assert_eq!(&buffer[one.data_start..one.data_end], b"abc");
        let two = header_at(&buffer, one.next).expect("second");
        assert_eq!((two.level, two.kind, two.next), (4, 5, 48));
        assert_eq!(&buffer[two.data_start..two.data_end], &[9; 8]);
        assert!(header_at(&buffer, two.next).is_none());
        assert!(write_header(&mut buffer[..20], 1, 1, 8).is_none());
    }
}
