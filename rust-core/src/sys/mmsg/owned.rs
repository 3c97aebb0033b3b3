//! The memory that a batch owns: headers, buffers, addresses and control messages on the heap.

use std::alloc::{Layout, alloc_zeroed};
use std::ffi::{c_int, c_void};
use std::io::IoSlice;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};
use std::slice;

use libc::{iovec, mmsghdr, socklen_t};

use super::{empty_header, point, recv_each, recvmmsg, sendmmsg};
use crate::errno::Errno;
use crate::sys::control::{ReceivedMessages, align, message_space, write_header};
use crate::sys::sockaddr::{CAPACITY, SockAddr};

/// Room for the control message that asks for segmentation (UDP_SEGMENT).
const SEGMENT_ROOM: usize = message_space(size_of::<u16>());

fn nowhere() -> iovec {
    iovec {
        iov_base: ptr::null_mut(),
        iov_len: 0,
    }
}

/// Heap memory that the kernel is told of: it stays where it is, whatever moves above it.
struct Array<T> {
    start: NonNull<T>,
    len: usize,
}

impl<T> Array<T> {
    /// `len` values, or ENOMEM.
    fn new(len: usize, value: impl FnMut(usize) -> T) -> Result<Self, Errno> {
        let mut values = Vec::new();
        values.try_reserve_exact(len).map_err(|_| Errno::ENOMEM)?;
        values.extend((0..len).map(value));
        let values = Box::leak(values.into_boxed_slice());
        Ok(Array {
            start: NonNull::from(values).cast(),
            len,
        })
    }

    /// Where the value at `index` stands; the caller keeps below the length.
    #[inline]
    fn at(&self, index: usize) -> *mut T {
        debug_assert!(index < self.len || self.len == 0);
        self.start.as_ptr().wrapping_add(index)
    }
}

impl Array<u8> {
    /// `len` zero bytes, behind which no page stands until it is used, or ENOMEM.
    fn zeroed(len: usize) -> Result<Self, Errno> {
        let layout = Layout::array::<u8>(len).map_err(|_| Errno::ENOMEM)?;
        if len == 0 {
            return Self::new(0, |_| 0);
        }
        // SAFETY: the layout is not of size 0. It is that of a boxed slice of `len` bytes, as which
        // `drop` frees the memory, and zeros are valid bytes.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(Errno::ENOMEM)?;
        Ok(Array { start, len })
    }
}

impl<T> Drop for Array<T> {
    fn drop(&mut self) {
        let values = ptr::slice_from_raw_parts_mut(self.start.as_ptr(), self.len);
        // SAFETY: start and length are those of the boxed slice that `new` leaked.
        drop(unsafe { Box::from_raw(values) });
    }
}

/// The memory of a batch to receive: headers, buffers, addresses and control messages.
///
/// Invariant: every header points to its own place in the other arrays, with its full room, but for
/// the first `filled`, whose lengths are what the kernel wrote. Descriptors among the control
/// messages of those belong to the batch until they are taken.
pub(crate) struct RecvArray {
    headers: Array<mmsghdr>,
    addresses: Array<SockAddr>,
    control: Array<u64>,
    /// Initialised once and for all: tcp(7) counts bytes that it throws away (MSG_TRUNC) and does
    /// not write.
    data: Array<u8>,
    _iovecs: Array<iovec>,
    data_room: usize,
    /// In bytes; a multiple of 8, so that every slot is aligned as cmsghdr(3) is.
    control_room: usize,
    filled: usize,
    /// The kernel lacks recvmmsg.
    one_by_one: bool,
    /// An error that came behind messages in [`recv_each`], for the next call.
    deferred: Option<Errno>,
}

// SAFETY: the arrays are heap memory that nothing else points to; no tie to a thread.
unsafe impl Send for RecvArray {}
// SAFETY: a shared reference reads plain numbers only.
unsafe impl Sync for RecvArray {}

/// One received message in a [`RecvArray`].
pub(crate) struct RecvEntry<'a> {
    pub(crate) data: &'a mut [u8],
    pub(crate) from: &'a SockAddr,
    pub(crate) control: ReceivedMessages<'a>,
    pub(crate) len: usize,
    pub(crate) flags: c_int,
}

impl RecvArray {
    /// Memory for `slots` messages with so many bytes of data and of control messages each.
    ///
    /// # Errors
    /// ENOMEM.
    pub(crate) fn new(slots: usize, data_room: usize, control_room: usize) -> Result<Self, Errno> {
        let control_room = align(control_room);
        let total = |room: usize| slots.checked_mul(room).ok_or(Errno::ENOMEM);
        let data = Array::zeroed(total(data_room)?)?;
        let control = Array::new(total(control_room / size_of::<u64>())?, |_| 0u64)?;
        let addresses = Array::new(slots, |_| SockAddr::empty())?;
        let iovecs = Array::new(slots, |index| iovec {
            iov_base: data.start.as_ptr().wrapping_add(index * data_room).cast(),
            iov_len: data_room,
        })?;
        let headers = Array::new(slots, |index| {
            let mut entry = empty_header();
            let header = &mut entry.msg_hdr;
            header.msg_iov = iovecs.at(index);
            header.msg_iovlen = 1;
            header.msg_name = addresses.at(index).cast::<c_void>();
            header.msg_namelen = CAPACITY as socklen_t;
            if control_room != 0 {
                let control = control.start.as_ptr().cast::<u8>();
                header.msg_control = control.wrapping_add(index * control_room).cast();
                header.msg_controllen = control_room as _;
            }
            entry
        })?;
        Ok(RecvArray {
            headers,
            addresses,
            control,
            data,
            _iovecs: iovecs,
            data_room,
            control_room,
            filled: 0,
            one_by_one: false,
            deferred: None,
        })
    }

    pub(crate) fn slots(&self) -> usize {
        self.headers.len
    }

    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    /// Closes descriptors that were not taken and gives every header its full room again.
    #[inline]
    pub(crate) fn reset(&mut self) {
        for index in 0..self.filled {
            if self.control_room != 0 {
                // SAFETY: the entry is filled; what it has of descriptors is the batch's own.
                unsafe { ReceivedMessages::new(self.control(index)).close_fds() };
            }
            // SAFETY: `filled` is at most the number of headers.
            let header = unsafe { &mut (*self.headers.at(index)).msg_hdr };
            header.msg_namelen = CAPACITY as socklen_t;
            if self.control_room != 0 {
                header.msg_controllen = self.control_room as _;
            }
        }
        self.filled = 0;
    }

    /// One recvmmsg(2) into the slots, which must be reset.
    #[inline]
    pub(crate) fn receive(&mut self, fd: BorrowedFd<'_>, flags: c_int) -> Result<(), Errno> {
        debug_assert_eq!(self.filled, 0);
        let flags = flags | libc::MSG_CMSG_CLOEXEC;
        if !self.one_by_one && self.deferred.is_none() {
            // SAFETY: every header points to its own places with their full room.
            match unsafe { recvmmsg(fd, self.headers.at(0), self.headers.len, flags) } {
                Ok(filled) => {
                    self.filled = filled.min(self.headers.len);
                    return Ok(());
                }
                Err(Errno::ENOSYS) => self.one_by_one = true,
                Err(errno) => return Err(errno),
            }
        }
        self.receive_one_by_one(fd, flags)
    }

    #[cold]
    fn receive_one_by_one(&mut self, fd: BorrowedFd<'_>, flags: c_int) -> Result<(), Errno> {
        if let Some(errno) = self.deferred.take() {
            return Err(errno);
        }
        // SAFETY: every header points to its own places with their full room.
        let (filled, deferred) =
            unsafe { recv_each(fd, self.headers.at(0), self.headers.len, flags)? };
        (self.filled, self.deferred) = (filled, deferred);
        Ok(())
    }

    /// The control bytes that the kernel wrote for a filled entry.
    ///
    /// # Safety
    /// `index` must be below `filled`, and nothing else may hold the same bytes.
    #[inline]
    unsafe fn control<'a>(&self, index: usize) -> &'a mut [MaybeUninit<u8>] {
        // SAFETY: as the caller promises; the kernel writes no more than the room it was told of.
        unsafe {
            let len = (*self.headers.at(index)).msg_hdr.msg_controllen as usize;
            let start = self.control.start.as_ptr().cast::<MaybeUninit<u8>>();
            let start = start.wrapping_add(index * self.control_room);
            slice::from_raw_parts_mut(start, len.min(self.control_room))
        }
    }

    /// The messages that came.
    #[inline]
    pub(crate) fn entries(&mut self) -> RecvEntries<'_> {
        RecvEntries {
            left: self.filled,
            header: self.headers.at(0),
            address: self.addresses.at(0),
            data: self.data.start.as_ptr().cast(),
            data_room: self.data_room,
            control: self.control.start.as_ptr().cast(),
            control_room: self.control_room,
            array: PhantomData,
        }
    }
}

impl Drop for RecvArray {
    fn drop(&mut self) {
        self.reset();
    }
}

/// The walk over a [`RecvArray`]: each entry once.
///
/// Invariant: `left` filled entries are to come, and the pointers stand at the places of the next.
pub(crate) struct RecvEntries<'a> {
    left: usize,
    header: *const mmsghdr,
    address: *mut SockAddr,
    data: *mut u8,
    data_room: usize,
    control: *mut MaybeUninit<u8>,
    control_room: usize,
    array: PhantomData<&'a mut RecvArray>,
}

// SAFETY: it stands for the exclusive borrow of a RecvArray, which is Send.
unsafe impl Send for RecvEntries<'_> {}
// SAFETY: a shared reference reads plain numbers only.
unsafe impl Sync for RecvEntries<'_> {}

impl<'a> Iterator for RecvEntries<'a> {
    type Item = RecvEntry<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecvEntry<'a>> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: the entry is filled, and yielded once per borrow of the array, so nothing else
        // holds its places. Every byte of the data is initialised, whatever msg_len says (MSG_TRUNC
        // counts on); recvmmsg(2): msg_namelen and msg_controllen are what the kernel wrote, no more
        // than the room it was told of.
        let received = unsafe {
            let entry = &*self.header;
            let len = entry.msg_len as usize;
            let control_len = (entry.msg_hdr.msg_controllen as usize).min(self.control_room);
            let from = &mut *self.address;
            from.set_len(entry.msg_hdr.msg_namelen);
            RecvEntry {
                data: slice::from_raw_parts_mut(self.data, len.min(self.data_room)),
                from,
                control: ReceivedMessages::new(slice::from_raw_parts_mut(
                    self.control,
                    control_len,
                )),
                len,
                flags: entry.msg_hdr.msg_flags,
            }
        };
        self.header = self.header.wrapping_add(1);
        self.address = self.address.wrapping_add(1);
        self.data = self.data.wrapping_add(self.data_room);
        self.control = self.control.wrapping_add(self.control_room);
        Some(received)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for RecvEntries<'_> {}

/// The memory of a batch to send: headers, one buffer each, and room to ask for segmentation.
pub(crate) struct SendArray {
    headers: Array<mmsghdr>,
    iovecs: Array<iovec>,
    segments: Array<[u64; SEGMENT_ROOM / size_of::<u64>()]>,
}

// SAFETY: the arrays are heap memory that nothing else points to; no tie to a thread. What the
// headers point to is only looked at through a `SendQueue`, which borrows it.
unsafe impl Send for SendArray {}
// SAFETY: a shared reference reads plain numbers only.
unsafe impl Sync for SendArray {}

impl SendArray {
    /// # Errors
    /// ENOMEM.
    pub(crate) fn new(slots: usize) -> Result<Self, Errno> {
        Ok(SendArray {
            headers: Array::new(slots, |_| empty_header())?,
            iovecs: Array::new(slots, |_| nowhere())?,
            segments: Array::new(slots, |_| Default::default())?,
        })
    }

    pub(crate) fn slots(&self) -> usize {
        self.headers.len
    }

    #[inline]
    pub(crate) fn queue<'a, 'data>(&'a mut self) -> SendQueue<'a, 'data> {
        SendQueue {
            array: self,
            len: 0,
            sent: 0,
            data: PhantomData,
        }
    }
}

/// Messages in a [`SendArray`], with everything that they point to borrowed.
pub(crate) struct SendQueue<'a, 'data> {
    array: &'a mut SendArray,
    len: usize,
    /// How many have gone; below or at `len`.
    sent: usize,
    data: PhantomData<&'data [u8]>,
}

impl<'data> SendQueue<'_, 'data> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent
    }

    /// How many bytes of a message went out.
    pub(crate) fn sent_len(&self, index: usize) -> Option<usize> {
        // SAFETY: `sent` is at most the number of headers.
        (index < self.sent).then(|| unsafe { (*self.array.headers.at(index)).msg_len as usize })
    }

    pub(crate) fn skip(&mut self) {
        if self.sent < self.len {
            // SAFETY: `len` is at most the number of headers.
            unsafe { (*self.array.headers.at(self.sent)).msg_len = 0 };
            self.sent += 1;
        }
    }

    /// Adds a message with one buffer; false where no slot is free.
    #[inline]
    pub(crate) fn push(&mut self, data: &'data [u8], to: Option<&'data SockAddr>) -> bool {
        if self.len == self.array.headers.len {
            return false;
        }
        let iovec = self.array.iovecs.at(self.len);
        // SAFETY: `len` is below the number of iovecs.
        unsafe {
            (*iovec).iov_base = data.as_ptr().cast_mut().cast::<c_void>();
            (*iovec).iov_len = data.len();
        }
        self.fill(iovec, 1, &[], to);
        true
    }

    /// Adds a message of several buffers with control messages; false where no slot is free.
    pub(crate) fn push_message(
        &mut self,
        bufs: &'data [IoSlice<'data>],
        control: &'data [u8],
        to: Option<&'data SockAddr>,
    ) -> bool {
        if self.len == self.array.headers.len {
            return false;
        }
        // std's documentation: IoSlice "is guaranteed to be ABI compatible with the iovec type".
        let iovecs = bufs.as_ptr().cast_mut().cast::<iovec>();
        self.fill(iovecs, bufs.len(), control, to);
        true
    }

    /// Adds a message that goes out as datagrams of `size` bytes each; false where no slot is free.
    pub(crate) fn push_segments(
        &mut self,
        data: &'data [u8],
        size: u16,
        to: Option<&'data SockAddr>,
    ) -> bool {
        let index = self.len;
        if !self.push(data, to) {
            return false;
        }
        // SAFETY: the entry was free, so `index` is in bounds and nothing else holds its room.
        let (room, header) = unsafe {
            let room = self.array.segments.at(index).cast::<u8>();
            let header = &mut (*self.array.headers.at(index)).msg_hdr;
            (slice::from_raw_parts_mut(room, SEGMENT_ROOM), header)
        };
        header.msg_control = room.as_mut_ptr().cast::<c_void>();
        header.msg_controllen = room.len() as _;
        if let Some(data) = write_header(room, libc::SOL_UDP, libc::UDP_SEGMENT, 2) {
            data.copy_from_slice(&size.to_ne_bytes());
        }
        true
    }

    /// Points the next header, which must exist, to a message's places.
    #[inline]
    fn fill(
        &mut self,
        iovecs: *mut iovec,
        iovec_count: usize,
        control: &'data [u8],
        to: Option<&'data SockAddr>,
    ) {
        // SAFETY: `len` is below the number of headers, as both callers have checked.
        let header = unsafe { &mut (*self.array.headers.at(self.len)).msg_hdr };
        point(header, iovecs, iovec_count, control, to);
        self.len += 1;
    }

    /// One sendmmsg(2) of what has not gone; says how many messages went.
    #[inline]
    pub(crate) fn send(&mut self, fd: BorrowedFd<'_>, flags: c_int) -> Result<usize, Errno> {
        let left = self.len - self.sent;
        // SAFETY: the headers up to `len` point to memory that is borrowed for 'data.
        let sent = unsafe { sendmmsg(fd, self.array.headers.at(self.sent), left, flags)? };
        self.sent += sent.min(left);
        Ok(sent)
    }
}
