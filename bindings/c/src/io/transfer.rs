//! A transfer of one step: it tries once, with as few instructions as it takes, and leaves everything
//! else to a function out of line: arguments that need a closer look, waiting, and trying again.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::{ptr, slice};

use libc::ssize_t;
use rsocket::{Blocking, Errno, MsgFlags, Wait, fd};

use crate::address::{fillable, read, shortened, written};
use crate::support::{Answer, Result, Timeout, again, borrow, bytes, keep, lent, may_go_on, room};
use crate::types::{rsocket_addr, rsocket_endpoint};

/// What a call was given.
#[derive(Clone, Copy)]
pub(super) struct Transfer<V, T> {
    pub(super) verb: V,
    pub(super) fd: rsocket_endpoint,
    pub(super) buf: *mut c_void,
    pub(super) len: usize,
    pub(super) flags: c_int,
    pub(super) timeout_ms: T,
}

impl<V: Verb, T: TimeLimit> Transfer<V, T> {
    #[inline(always)]
    pub(super) fn run(self) -> ssize_t {
        let Transfer {
            verb,
            fd,
            buf,
            len,
            flags,
            timeout_ms,
        } = self;
        let mut place = MaybeUninit::<Self>::uninit();
        let kept = keep!(
            place,
            Transfer {
                verb,
                fd,
                buf,
                len,
                flags,
                timeout_ms,
            }
        );
        let memory = match plain(buf, len) {
            Some(memory) if timeout_ms.number() >= -1 => memory,
            _ => return kept.closely(),
        };
        let flags = MsgFlags::from_raw(flags) | T::FIRST_TRY;
        match verb.once(lent(fd), memory, flags) {
            Some(Ok(len)) => {
                V::succeeded(&kept.verb);
                len as ssize_t
            }
            // Nothing to read or no room is no exception; `errno` holds it already.
            Some(Err(errno)) if !T::WAITS && errno != Errno::EINTR => {
                V::failed(&kept.verb);
                -(errno.raw() as ssize_t)
            }
            Some(Err(errno)) => kept.on(errno),
            None => kept.closely(),
        }
    }

    /// The whole of a call that is not [`plain`].
    #[cold]
    #[inline(never)]
    fn closely(&self) -> ssize_t {
        V::whole(self, self.timeout_ms.policy()).answer()
    }

    /// The call from behind its first try on, which failed.
    #[cold]
    #[inline(never)]
    fn on(&self, tried: Errno) -> ssize_t {
        V::failed(&self.verb);
        let waits = T::WAITS && !self.flags().contains(MsgFlags::DONTWAIT);
        let way_on = || {
            may_go_on(tried, waits)?;
            V::whole(self, self.timeout_ms.policy_after_a_try())
        };
        way_on().answer()
    }
}

impl<V, T> Transfer<V, T> {
    /// The caller's own.
    fn flags(&self) -> MsgFlags {
        MsgFlags::from_raw(self.flags)
    }
}

/// How long a call waits: as its endpoint does, or for some milliseconds.
pub(super) trait TimeLimit: Copy {
    type Policy: Wait;
    /// Whether it waits on a non-blocking endpoint too.
    const WAITS: bool;
    const FIRST_TRY: MsgFlags;

    fn number(self) -> c_int;
    fn policy(self) -> Result<Self::Policy>;
    fn policy_after_a_try(self) -> Result<Self::Policy>;
}

impl TimeLimit for () {
    type Policy = Blocking;
    const WAITS: bool = false;
    const FIRST_TRY: MsgFlags = MsgFlags::empty();

    #[inline(always)]
    fn number(self) -> c_int {
        0
    }

    fn policy(self) -> Result<Blocking> {
        Ok(Blocking)
    }

    fn policy_after_a_try(self) -> Result<Blocking> {
        Ok(Blocking)
    }
}

impl TimeLimit for c_int {
    type Policy = Timeout;
    const WAITS: bool = true;
    const FIRST_TRY: MsgFlags = MsgFlags::DONTWAIT;

    #[inline(always)]
    fn number(self) -> c_int {
        self
    }

    fn policy(self) -> Result<Timeout> {
        Timeout::new(self)
    }

    fn policy_after_a_try(self) -> Result<Timeout> {
        Timeout::after_a_try(self)
    }
}

/// What a transfer does, with the address where it has one.
pub(super) trait Verb: Copy {
    /// One try; `None` where the address needs a closer look.
    fn once(
        self,
        fd: Option<BorrowedFd<'_>>,
        memory: &mut [MaybeUninit<u8>],
        flags: MsgFlags,
    ) -> Option<std::result::Result<usize, Errno>>;

    /// What is left to do behind a try that succeeded.
    #[inline(always)]
    fn succeeded(_kept: &Self) {}

    /// What is left to do behind a try that failed.
    #[inline(always)]
    fn failed(_kept: &Self) {}

    /// All of it, with every argument looked at.
    fn whole<T>(transfer: &Transfer<Self, T>, wait: Result<impl Wait>) -> Result<usize>;
}

#[derive(Clone, Copy)]
pub(super) struct Recv;

impl Verb for Recv {
    #[inline(always)]
    fn once(
        self,
        fd: Option<BorrowedFd<'_>>,
        memory: &mut [MaybeUninit<u8>],
        flags: MsgFlags,
    ) -> Option<std::result::Result<usize, Errno>> {
        Some(fd::recv_once(fd, memory, flags))
    }

    fn whole<T>(transfer: &Transfer<Self, T>, wait: Result<impl Wait>) -> Result<usize> {
        let mut wait = wait?;
        let room = room(transfer.buf, transfer.len)?;
        let (fd, flags) = (borrow(transfer.fd)?, transfer.flags());
        Ok(fd::recv(fd, room, flags, &mut wait)?)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Send;

impl Verb for Send {
    #[inline(always)]
    fn once(
        self,
        fd: Option<BorrowedFd<'_>>,
        memory: &mut [MaybeUninit<u8>],
        flags: MsgFlags,
    ) -> Option<std::result::Result<usize, Errno>> {
        Some(fd::send_once(fd, as_bytes(memory), flags))
    }

    fn whole<T>(transfer: &Transfer<Self, T>, wait: Result<impl Wait>) -> Result<usize> {
        let mut wait = wait?;
        let bytes = bytes(transfer.buf, transfer.len)?;
        let (fd, flags) = (borrow(transfer.fd)?, transfer.flags());
        Ok(fd::send(fd, bytes, flags, &mut wait)?)
    }
}

#[derive(Clone, Copy)]
pub(super) struct RecvFrom(pub(super) *mut rsocket_addr);

impl Verb for RecvFrom {
    #[inline(always)]
    fn once(
        self,
        fd: Option<BorrowedFd<'_>>,
        memory: &mut [MaybeUninit<u8>],
        flags: MsgFlags,
    ) -> Option<std::result::Result<usize, Errno>> {
        let from = fillable(self.0)?;
        Some(fd::recv_from_native_once(fd, memory, flags, from))
    }

    #[inline(always)]
    fn succeeded(kept: &Self) {
        shortened(again(&kept.0));
    }

    #[inline(always)]
    fn failed(kept: &Self) {
        written(again(&kept.0));
    }

    fn whole<T>(transfer: &Transfer<Self, T>, wait: Result<impl Wait>) -> Result<usize> {
        // The address is told whatever is wrong with the others.
        let from = written(transfer.verb.0);
        let mut wait = wait?;
        let (fd, room) = (borrow(transfer.fd)?, room(transfer.buf, transfer.len)?);
        let flags = transfer.flags();
        Ok(match from {
            Some(from) => fd::recv_from(fd, room, flags, from, &mut wait)?,
            None => fd::recv(fd, room, flags, &mut wait)?,
        })
    }
}

#[derive(Clone, Copy)]
pub(super) struct SendTo(pub(super) *const rsocket_addr);

impl Verb for SendTo {
    #[inline(always)]
    fn once(
        self,
        fd: Option<BorrowedFd<'_>>,
        memory: &mut [MaybeUninit<u8>],
        flags: MsgFlags,
    ) -> Option<std::result::Result<usize, Errno>> {
        let to = read(self.0).ok()?;
        Some(fd::send_to_once(fd, as_bytes(memory), flags, to))
    }

    fn whole<T>(transfer: &Transfer<Self, T>, wait: Result<impl Wait>) -> Result<usize> {
        let mut wait = wait?;
        let (fd, bytes) = (borrow(transfer.fd)?, bytes(transfer.buf, transfer.len)?);
        let (flags, to) = (transfer.flags(), transfer.verb.0);
        if to.is_null() {
            return Ok(fd::send(fd, bytes, flags, &mut wait)?);
        }
        Ok(fd::send_to(fd, bytes, flags, read(to)?, &mut wait)?)
    }
}

/// The memory where nothing is wrong with it at first sight: not NULL, no length beyond SSIZE_MAX.
///
/// In one comparison. What it turns down, the way on looks at closely.
#[inline(always)]
pub(super) fn plain<'a>(buf: *mut c_void, len: usize) -> Option<&'a mut [MaybeUninit<u8>]> {
    let before = (buf.addr() as isize).wrapping_sub(1);
    if (before | len as isize) < 0 {
        return None;
    }
    // SAFETY: the memory is not NULL and at most isize::MAX bytes, which the caller promises to be
    // there, and only to be read where C's pointer is to const.
    Some(unsafe { slice::from_raw_parts_mut(buf.cast(), len) })
}

#[inline(always)]
pub(super) fn as_bytes(memory: &[MaybeUninit<u8>]) -> &[u8] {
    // SAFETY: memory of C's that is sent, which holds bytes.
    unsafe { &*(ptr::from_ref(memory) as *const [u8]) }
}
