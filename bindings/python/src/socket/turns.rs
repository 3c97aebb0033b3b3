//! What the last calls on a socket met, from which the next one guesses whether to keep the
//! interpreter locked.
//!
//! A call that does not sleep is over before another thread has woken up to use the interpreter;
//! giving it up costs both. A call that will sleep, or that wakes a thread which then wants the
//! interpreter, gives it up at once.

use std::sync::atomic::{AtomicU8, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

/// After how many attempts that found nothing they become no rarer.
const MISSES_MAX: u8 = 3;
/// A receive that brought more says that the next may, too.
const SMALL_BYTES: usize = 8 * 1024;

/// Guesses only: threads that change them at the same time may lose one. Two bytes, as every socket
/// has them.
#[derive(Debug)]
pub(crate) struct Turns {
    /// The attempts to receive that found nothing less those that found something, and how many
    /// receives go without an attempt: a half byte each.
    counts: AtomicU8,
    flags: AtomicU8,
}

/// The last receive brought much.
const MUCH: u8 = 1;
/// Getting the interpreter back took long the last time.
const CONTENDED: u8 = 2;
/// The kernel works on the data of each transfer, as for TLS.
const LABORIOUS: u8 = 4;

/// The half bytes of `counts`.
const MISSES: u8 = 0x0f;
const ONE_SKIP: u8 = 0x10;

impl Turns {
    pub(crate) const fn new() -> Self {
        Turns {
            counts: AtomicU8::new(0),
            flags: AtomicU8::new(0),
        }
    }

    fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    fn set(&self, flag: u8, on: bool) {
        if self.has(flag) != on {
            self.flags.fetch_xor(flag, Ordering::Relaxed);
        }
    }

    /// Whether to try to receive before sleeping.
    #[inline]
    pub(crate) fn expects_data(&self) -> bool {
        let counts = self.counts.load(Ordering::Relaxed);
        if counts < ONE_SKIP {
            return true;
        }
        self.counts.store(counts - ONE_SKIP, Ordering::Relaxed);
        false
    }

    /// An attempt to receive brought something. One success says little of a peer that answers when
    /// it has been asked: it was quick for once.
    #[inline]
    pub(crate) fn found_data(&self) {
        let counts = self.counts.load(Ordering::Relaxed);
        if counts & MISSES != 0 {
            self.counts.store(counts - 1, Ordering::Relaxed);
        }
    }

    /// An attempt to receive was in vain: the next ones are rarer.
    #[cold]
    pub(crate) fn found_nothing(&self) {
        let misses = self.counts.load(Ordering::Relaxed) & MISSES;
        let misses = misses.min(MISSES_MAX - 1) + 1;
        let skip = (1 << misses) - 1;
        self.counts
            .store(misses + skip * ONE_SKIP, Ordering::Relaxed);
    }

    /// How much a receive brought that was asked for so much.
    #[inline]
    pub(crate) fn brought(&self, asked: usize, len: usize) {
        if asked > SMALL_BYTES {
            self.set(MUCH, len > SMALL_BYTES);
        }
    }

    /// Whether a receive that is asked for a lot will bring little.
    pub(crate) fn expects_little(&self) -> bool {
        !self.has(MUCH)
    }

    /// Whether to send with the interpreter locked. Who waits for answers on this socket wakes
    /// somebody by sending, perhaps a thread of this process.
    #[inline]
    pub(crate) fn sends_locked(&self, py: Python<'_>) -> bool {
        self.counts.load(Ordering::Relaxed) & MISSES == 0
            || self.has(CONTENDED)
            || is_only_thread(py)
    }

    /// Whether even a small transfer is work for the kernel.
    #[inline]
    pub(crate) fn is_laborious(&self) -> bool {
        self.has(LABORIOUS)
    }

    /// From now on the kernel works on the data of each transfer.
    pub(crate) fn set_laborious(&self) {
        self.set(LABORIOUS, true);
    }

    /// How it went to get the interpreter back.
    pub(crate) fn set_contended(&self, contended: bool) {
        self.set(CONTENDED, contended);
    }
}

/// Whether no other thread can want the interpreter.
pub(crate) fn is_only_thread(_py: Python<'_>) -> bool {
    // SAFETY: `_py` proves that this thread is attached, so both states are alive, and the list of
    // threads does not lose this one.
    unsafe {
        let first = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        first == ffi::PyThreadState_Get() && ffi::PyThreadState_Next(first).is_null()
    }
}
