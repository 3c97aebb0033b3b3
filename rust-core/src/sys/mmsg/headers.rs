//! Headers that someone else has made.

use std::ffi::c_int;
use std::fmt;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use libc::mmsghdr;

use super::{recv_each, recvmmsg, sendmmsg};
use crate::errno::Errno;

/// Message headers over memory of another language. The kernel writes the `msg_len` of those that it
/// used, and in receiving their `msg_namelen`, `msg_controllen` and `msg_flags`.
pub struct Headers<'a>(&'a mut [MaybeUninit<mmsghdr>]);

impl<'a> Headers<'a> {
    /// # Safety
    /// Each header is fit for recvmsg(2), or for sendmsg(2) if it is to be sent: its name, buffers
    /// and control messages are written with their lengths, and what they point to is writable, or
    /// readable, as long as this lives.
    #[inline]
    pub unsafe fn new(headers: &'a mut [MaybeUninit<mmsghdr>]) -> Self {
        Headers(headers)
    }

    /// How many there are.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One recvmmsg(2), or one recvmsg(2) where the kernel lacks it: no error is lost behind it.
    #[inline]
    pub(crate) fn receive(
        &mut self,
        fd: Option<BorrowedFd<'_>>,
        flags: c_int,
    ) -> Result<usize, Errno> {
        let (headers, len) = (self.0.as_mut_ptr().cast(), self.0.len());
        // SAFETY: whoever made `self` vouches for the headers.
        unsafe {
            match recvmmsg(fd, headers, len, flags) {
                Err(Errno::ENOSYS) => Ok(recv_each(fd, headers, len.min(1), flags)?.0),
                result => result,
            }
        }
    }

    /// One sendmmsg(2); says how many messages went.
    #[inline]
    pub(crate) fn send(
        &mut self,
        fd: Option<BorrowedFd<'_>>,
        flags: c_int,
    ) -> Result<usize, Errno> {
        // SAFETY: whoever made `self` vouches for the headers.
        unsafe { sendmmsg(fd, self.0.as_mut_ptr().cast(), self.0.len(), flags) }
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Headers")
            .field("len", &self.0.len())
            .finish()
    }
}
