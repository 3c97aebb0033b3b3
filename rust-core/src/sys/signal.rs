//! Keeping SIGPIPE from calls that have no MSG_NOSIGNAL.

use std::mem::MaybeUninit;
use std::ptr;

use libc::{SIGPIPE, c_int, sigset_t};

use crate::errno::Errno;

/// Makes `call`, which writes up to `len` bytes, with SIGPIPE blocked in this thread, and takes away
/// the one that it raised. None comes of a call that writes all of them.
///
/// The kernel sends the signal to the thread that writes, so that a blocked one waits for this
/// thread alone; sigtimedwait(2) takes it before anybody sees it. Other threads, the signal's
/// disposition and one that was pending before stay as they are.
pub(crate) fn without_sigpipe(
    len: usize,
    call: impl FnOnce() -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    let only_sigpipe = only_sigpipe();
    let mut mask = MaybeUninit::uninit();
    // SAFETY: pthread_sigmask(3) reads the one set and fills the other; it cannot fail with
    // SIG_BLOCK.
    let mask = unsafe {
        libc::pthread_sigmask(SIG_BLOCK, &raw const only_sigpipe, mask.as_mut_ptr());
        mask.assume_init()
    };
    // Only a signal that was blocked already can have been pending.
    let was_pending = has_sigpipe(&mask) && is_sigpipe_pending();
    let result = call();
    let wrote_all = matches!(result, Ok(written) if written == len);
    if !was_pending && !wrote_all {
        take_sigpipe(&only_sigpipe);
    }
    // SAFETY: pthread_sigmask(3) reads the set, which is the one that it gave.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const mask, ptr::null_mut()) };
    result
}

const SIG_BLOCK: c_int = libc::SIG_BLOCK;

fn only_sigpipe() -> sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset(3) initialises the set, to which sigaddset(3) adds a signal that exists.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), SIGPIPE);
        set.assume_init()
    }
}

fn has_sigpipe(set: &sigset_t) -> bool {
    // SAFETY: sigismember(3) reads an initialised set.
    unsafe { libc::sigismember(set, SIGPIPE) == 1 }
}

fn is_sigpipe_pending() -> bool {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigpending(2) fills the set.
    let set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigpending(set.as_mut_ptr());
        set.assume_init()
    };
    has_sigpipe(&set)
}

/// Takes a pending SIGPIPE, without waiting for one.
fn take_sigpipe(only_sigpipe: &sigset_t) {
    let now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: sigtimedwait(2) reads the set and the timeout. EAGAIN says that none was pending,
    // EINTR that a handler for another signal ran.
    while unsafe { libc::sigtimedwait(only_sigpipe, ptr::null_mut(), &raw const now) } == -1
        && super::errno() == libc::EINTR
    {}
}
