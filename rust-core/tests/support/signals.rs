//! Signals that interrupt: a handler without SA_RESTART, and a thread that is hit by it again and
//! again.
#![allow(
    dead_code,
    unreachable_pub,
    unsafe_code,
    clippy::panic,
    reason = "each test file uses its own part of it; sigaction has no safe form"
)]

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handler(_signal: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// How often the handler ran in this process.
pub fn handled() -> usize {
    HANDLED.load(Ordering::Relaxed)
}

/// Handles SIGUSR1 so that it interrupts system calls (no SA_RESTART, sigaction(2)).
pub fn install() {
    // SAFETY: sigaction is integers and pointers, for which zeros are valid; the handler only adds
    // to an atomic, which signal-safety(7) allows.
    let result = unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handler as *const () as usize;
        libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut())
    };
    assert_eq!(result, 0);
}

/// Runs `body` while another thread interrupts it every millisecond. The result, and how often.
pub fn under_fire<R>(body: impl FnOnce() -> R) -> (R, usize) {
    install();
    // SAFETY: pthread_self(3) takes nothing; the thread lives until `body` has returned.
    let target = unsafe { libc::pthread_self() };
    let done = AtomicBool::new(false);
    let before = handled();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(1));
                // SAFETY: the scope keeps the target thread alive.
                unsafe { libc::pthread_kill(target, libc::SIGUSR1) };
            }
        });
        // The shooting ends where `body` panics, too: the scope waits for it.
        let _end = End(&done);
        (body(), handled() - before)
    })
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// SIGPIPE as every C program has it: it ends the process.
pub fn default_sigpipe() {
    // SAFETY: signal(2) with SIG_DFL installs no code.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Sends `signal` to the calling thread.
pub fn raise(signal: libc::c_int) {
    // SAFETY: raise(3) takes an integer.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
}

/// The signals that are blocked in this thread, and those that wait for it: SIGPIPE among them?
pub fn sigpipe_is_blocked_and_pending() -> (bool, bool) {
    // SAFETY: both calls fill the set that they are given.
    unsafe {
        let mut set: libc::sigset_t = MaybeUninit::zeroed().assume_init();
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &raw mut set);
        let blocked = libc::sigismember(&raw const set, libc::SIGPIPE) == 1;
        libc::sigpending(&raw mut set);
        (
            blocked,
            libc::sigismember(&raw const set, libc::SIGPIPE) == 1,
        )
    }
}

/// Blocks SIGPIPE in this thread.
pub fn block_sigpipe() {
    // SAFETY: as above.
    unsafe {
        let mut set: libc::sigset_t = MaybeUninit::zeroed().assume_init();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
    }
}

/// write(2) as it is: what raises SIGPIPE.
pub fn plain_write(fd: i32) -> isize {
    // SAFETY: write(2) reads one byte.
    unsafe { libc::write(fd, b"x".as_ptr().cast(), 1) }
}
