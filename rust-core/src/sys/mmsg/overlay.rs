//! Headers on the stack over the memory that a caller has.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::ptr;

use libc::{iovec, mmsghdr, socklen_t};

use super::{Headers, empty_header, point};
use crate::errno::Errno;
use crate::sys::call::MessageInfo;
use crate::sys::sockaddr::{CAPACITY, SockAddr};

/// One message of [`RecvOverlay`]: the caller's memory, and where to say what came.
pub(crate) struct RecvPlaces<'a> {
    pub(crate) data: &'a mut [MaybeUninit<u8>],
    pub(crate) control: &'a mut [MaybeUninit<u8>],
    pub(crate) from: Option<&'a mut SockAddr>,
    pub(crate) info: &'a mut MessageInfo,
}

/// Headers on the stack over places that the caller has, `N` at most.
pub(crate) struct RecvOverlay<'a, const N: usize> {
    headers: [MaybeUninit<mmsghdr>; N],
    iovecs: [MaybeUninit<iovec>; N],
    places: [MaybeUninit<RecvPlaces<'a>>; N],
    len: usize,
}

impl<'a, const N: usize> RecvOverlay<'a, N> {
    #[inline]
    pub(crate) const fn empty() -> Self {
        RecvOverlay {
            headers: [const { MaybeUninit::uninit() }; N],
            iovecs: [const { MaybeUninit::uninit() }; N],
            places: [const { MaybeUninit::uninit() }; N],
            len: 0,
        }
    }

    /// Takes as many places as there are, or as fit. In place: returned by value, the whole would
    /// be copied.
    #[inline]
    pub(crate) fn take(&mut self, places: impl Iterator<Item = RecvPlaces<'a>>) {
        self.len = 0;
        let slots = self.headers.iter_mut().zip(&mut self.iovecs);
        let slots = slots.zip(&mut self.places);
        for (mut place, ((header, iovec), slot)) in places.zip(slots) {
            iovec.write(libc::iovec {
                iov_base: place.data.as_mut_ptr().cast::<c_void>(),
                iov_len: place.data.len(),
            });
            let header = &mut header.write(empty_header()).msg_hdr;
            header.msg_iovlen = 1;
            if let Some(from) = &mut place.from {
                header.msg_name = ptr::from_mut::<SockAddr>(from).cast::<c_void>();
                header.msg_namelen = CAPACITY as socklen_t;
            }
            if !place.control.is_empty() {
                header.msg_control = place.control.as_mut_ptr().cast::<c_void>();
                header.msg_controllen = place.control.len() as _;
            }
            slot.write(place);
            self.len += 1;
        }
    }

    /// As [`Headers::receive`].
    #[inline]
    pub(crate) fn receive(&mut self, fd: BorrowedFd<'_>, flags: c_int) -> Result<usize, Errno> {
        // SAFETY: `take` wrote the first `len` of both; they point to places borrowed for 'a.
        unsafe { ready(&mut self.headers, &mut self.iovecs, self.len) }.receive(Some(fd), flags)
    }

    /// Writes into the caller's places what came in the first `filled` messages.
    #[inline]
    pub(crate) fn finish(&mut self, filled: usize) {
        let entries = self.headers.iter().zip(&mut self.places);
        for (entry, place) in entries.take(filled.min(self.len)) {
            // SAFETY: `take` wrote the first `len` of both; recvmmsg(2) wrote the name and its
            // length into the header.
            let (entry, place) = unsafe { (entry.assume_init_ref(), place.assume_init_mut()) };
            let header = &entry.msg_hdr;
            if let Some(from) = &mut place.from {
                // SAFETY: as above.
                unsafe { from.set_len(header.msg_namelen) };
            }
            *place.info = MessageInfo {
                len: entry.msg_len as usize,
                control_len: (header.msg_controllen as usize).min(place.control.len()),
                flags: header.msg_flags,
            };
        }
    }
}

/// One message of [`SendOverlay`]: the caller's memory.
pub(crate) struct SendPlaces<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) control: &'a [u8],
    pub(crate) to: Option<&'a SockAddr>,
}

/// Headers on the stack over messages that the caller has, `N` at most.
pub(crate) struct SendOverlay<'a, const N: usize> {
    headers: [MaybeUninit<mmsghdr>; N],
    iovecs: [MaybeUninit<iovec>; N],
    len: usize,
    places: PhantomData<SendPlaces<'a>>,
}

impl<'a, const N: usize> SendOverlay<'a, N> {
    #[inline]
    pub(crate) const fn empty() -> Self {
        SendOverlay {
            headers: [const { MaybeUninit::uninit() }; N],
            iovecs: [const { MaybeUninit::uninit() }; N],
            len: 0,
            places: PhantomData,
        }
    }

    /// Takes as many messages as fit from `places`, in the stead of those it had.
    #[inline]
    pub(crate) fn take(&mut self, places: &mut impl Iterator<Item = SendPlaces<'a>>) {
        self.len = 0;
        for (header, iovec) in self.headers.iter_mut().zip(&mut self.iovecs) {
            let Some(place) = places.next() else { break };
            iovec.write(libc::iovec {
                iov_base: place.data.as_ptr().cast_mut().cast::<c_void>(),
                iov_len: place.data.len(),
            });
            let header = &mut header.write(empty_header()).msg_hdr;
            point(header, ptr::null_mut(), 1, place.control, place.to);
            self.len += 1;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// As [`Headers::send`].
    #[inline]
    pub(crate) fn send(&mut self, fd: BorrowedFd<'_>, flags: c_int) -> Result<usize, Errno> {
        // SAFETY: `take` wrote the first `len` of both; they point to what is borrowed for 'a.
        unsafe { ready(&mut self.headers, &mut self.iovecs, self.len) }.send(Some(fd), flags)
    }
}

/// Points each of the first `len` headers to its buffer, which may have moved since they were taken.
///
/// # Safety
/// So many of both must be written, and what they point to be fit for the call that follows.
#[inline]
unsafe fn ready<'a, const N: usize>(
    headers: &'a mut [MaybeUninit<mmsghdr>; N],
    iovecs: &'a mut [MaybeUninit<iovec>; N],
    len: usize,
) -> Headers<'a> {
    for (header, iovec) in headers.iter_mut().zip(iovecs).take(len) {
        // SAFETY: the caller vouches for the first `len`.
        unsafe { header.assume_init_mut() }.msg_hdr.msg_iov = iovec.as_mut_ptr();
    }
    // SAFETY: as above.
    unsafe { Headers::new(headers.get_mut(..len).unwrap_or_default()) }
}
