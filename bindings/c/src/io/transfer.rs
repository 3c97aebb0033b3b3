//! A transfer of one step: it tries once, with as few instructions as it takes, and leaves everything
//! else to a function out of line: arguments that need a closer look, waiting, and trying again.

use std::ffi::{c_int, c_void};
use std::hint::assert_unchecked;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::{ptr, slice};

use libc::ssize_t;
use rsocket::{Blocking, Errno, MsgFlags, Wait, fd};

use crate::address::{read, written};
use crate::support::{Answer, Result, Timeout, borrow, bytes, room};
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
        let mut place = MaybeUninit::uninit();
        let kept = self.kept(&mut place);
        let Some((fd, memory)) = plain(self.fd, self.buf, self.len, self.timeout_ms.number())
        else {
            return kept.closely();
        };
        let flags = MsgFlags::from_raw(self.flags) | T::FIRST_TRY;
        match self.verb.once(fd, memory, flags) {
            Some(Ok(len)) => len as ssize_t,
            Some(Err(errno)) => kept.on(errno),
            None => kept.closely(),
        }
    }

    /// Writes it to the stack, here and now: otherwise it is kept in registers across the system
    /// call, which every call would have to save and restore for the few that go on.
    #[inline(always)]
    fn kept(self, place: &mut MaybeUninit<Self>) -> &Self {
        let kept = place.as_mut_ptr();
        // SAFETY: `kept` points to room for it, and every field is written.
        unsafe {
            (&raw mut (*kept).fd).write_volatile(self.fd);
            (&raw mut (*kept).buf).write_volatile(self.buf);
            (&raw mut (*kept).len).write_volatile(self.len);
            (&raw mut (*kept).flags).write_volatile(self.flags);
            (&raw mut (*kept).timeout_ms).write_volatile(self.timeout_ms);
            (&raw mut (*kept).verb).write_volatile(self.verb);
            place.assume_init_ref()
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
        fd: BorrowedFd<'_>,
        memory: &mut [MaybeUninit<u8>],
        flags: MsgFlags,
    ) -> Option<std::result::Result<usize, Errno>>;

    /// All of it, with every argument looked at.
    fn whole<T>(transfer: &Transfer<Self, T>, wait: Result<impl Wait>) -> Result<usize>;
}

#[derive(Clone, Copy)]
pub(super) struct Recv;

impl Verb for Recv {
    #[inline(always)]
    fn once(
        self,
        fd: BorrowedFd<'_>,
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
        fd: BorrowedFd<'_>,
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
        fd: BorrowedFd<'_>,
        memory: &mut [MaybeUninit<u8>],
        flags: MsgFlags,
    ) -> Option<std::result::Result<usize, Errno>> {
        Some(fd::recv_from_once(fd, memory, flags, written(self.0)?))
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
        fd: BorrowedFd<'_>,
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

/// The descriptor and the memory where nothing is wrong with them at first sight: no negative
/// number, not NULL, no length beyond SSIZE_MAX, no timeout below -1.
///
/// In one comparison for each size of integer. What it turns down, the way on looks at one by one.
#[inline(always)]
pub(super) fn plain<'a>(
    fd: rsocket_endpoint,
    buf: *mut c_void,
    len: usize,
    timeout_ms: c_int,
) -> Option<(BorrowedFd<'a>, &'a mut [MaybeUninit<u8>])> {
    let before = (buf.addr() as isize).wrapping_sub(1);
    if (fd | timeout_ms.wrapping_add(1)) < 0 || (before | len as isize) < 0 {
        return None;
    }
    // SAFETY: `fd` is not negative, or its sign would have shown; that it stays open is as for
    // `support::borrow`. The memory is not NULL and at most isize::MAX bytes, which the caller
    // promises to be there, and only to be read where C's pointer is to const.
    Some(unsafe {
        assert_unchecked(fd >= 0);
        (
            BorrowedFd::borrow_raw(fd),
            slice::from_raw_parts_mut(buf.cast(), len),
        )
    })
}

/// [`plain`] for memory that is only read.
#[inline(always)]
pub(super) fn plain_bytes<'a>(
    fd: rsocket_endpoint,
    buf: *const c_void,
    len: usize,
    timeout_ms: c_int,
) -> Option<(BorrowedFd<'a>, &'a [u8])> {
    let (fd, memory) = plain(fd, buf.cast_mut(), len, timeout_ms)?;
    Some((fd, as_bytes(memory)))
}

#[inline(always)]
fn as_bytes(memory: &[MaybeUninit<u8>]) -> &[u8] {
    // SAFETY: memory of C's that is sent, which holds bytes.
    unsafe { &*(ptr::from_ref(memory) as *const [u8]) }
}

/// Ends the operation where its first try has shown an error that time does not change.
pub(super) fn may_go_on(tried: Errno, waits: bool) -> Result<()> {
    match tried {
        Errno::EINTR => Ok(()),
        Errno::EAGAIN if waits => Ok(()),
        errno => Err(errno.into()),
    }
}
