//! Waking a thread out of a system call: a signal whose handler does nothing, sent to that thread.
//!
//! Only a signal ends a sleep inside recv(2) or accept(2) and leaves the socket's duplicates alone:
//! shutdown(2) would reach them, in other processes too. One of the real-time signals that nobody
//! has a handler for gets one when a thread must be woken for the first time, and keeps it.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

/// The handler: its return makes the interrupted call answer EINTR (signal(7)).
extern "C" fn nothing(_signal: c_int) {}

/// The address of the handler as sigaction(2) keeps it.
fn handler() -> libc::sighandler_t {
    nothing as extern "C" fn(c_int) as libc::sighandler_t
}

/// The real-time signal that wakes threads; `None` where all of them have other handlers.
pub(crate) fn signal() -> Option<c_int> {
    let signals = || (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev();
    signals()
        .find(|signal| disposition(*signal) == Some(handler()))
        .or_else(|| {
            signals().find(|signal| disposition(*signal) == Some(libc::SIG_DFL) && handle(*signal))
        })
}

/// What a signal does.
fn disposition(signal: c_int) -> Option<libc::sighandler_t> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: sigaction(2) without a new action fills the old one, or fails with EINVAL.
    unsafe {
        let known = libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0;
        known.then(|| action.assume_init().sa_sigaction)
    }
}

/// Gives a signal the handler, without SA_RESTART: interrupted calls must return.
fn handle(signal: c_int) -> bool {
    // SAFETY: a zeroed sigaction has no flags and an empty mask; the handler may run in any thread
    // at any time, for it does nothing.
    unsafe {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        action.sa_sigaction = handler();
        libc::sigaction(signal, &raw const action, ptr::null_mut()) == 0
    }
}

/// Interrupts a thread.
///
/// # Safety
/// The thread must not have ended, and `signal` must come from [`signal`].
pub(crate) unsafe fn interrupt(thread: libc::pthread_t, signal: c_int) {
    // SAFETY: a live thread, by the caller's promise; pthread_kill(3) has no other failure than a
    // signal that does not exist.
    unsafe { libc::pthread_kill(thread, signal) };
}
