//! What the last calls on a socket met, from which the next one guesses whether to keep the
//! interpreter locked.
//!
//! A call that does not sleep is over before another thread has woken up to use the interpreter;
//! giving it up costs both. A call that will sleep, or that wakes a thread which then wants the
//! interpreter, gives it up at once.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::wait::HELD_BYTES_MAX;

/// After how many attempts that found nothing they become no rarer.
const MISSES_MAX: u8 = 3;
/// A receive that brought more says that the next may, too.
const SMALL_BYTES: usize = 8 * 1024;

/// Guesses only: threads that change them at the same time may lose one.
#[derive(Debug)]
pub(crate) struct Turns {
    /// Attempts to receive that found nothing, less those that found something.
    misses: AtomicU8,
    /// How many receives go without an attempt.
    skip: AtomicU8,
    /// The last receive brought much.
    much: AtomicBool,
    /// Getting the interpreter back took long the last time.
    contended: AtomicBool,
    /// The kernel works on the data of each transfer, as for TLS.
    laborious: AtomicBool,
}

impl Turns {
    pub(crate) const fn new() -> Self {
        Turns {
            misses: AtomicU8::new(0),
            skip: AtomicU8::new(0),
            much: AtomicBool::new(false),
            contended: AtomicBool::new(false),
            laborious: AtomicBool::new(false),
        }
    }

    /// Whether to try to receive before sleeping.
    #[inline]
    pub(crate) fn expects_data(&self) -> bool {
        match self.skip.load(Ordering::Relaxed) {
            0 => true,
            skip => {
                self.skip.store(skip - 1, Ordering::Relaxed);
                false
            }
        }
    }

    /// An attempt to receive brought something. One success says little of a peer that answers when
    /// it has been asked: it was quick for once.
    #[inline]
    pub(crate) fn found_data(&self) {
        let misses = self.misses.load(Ordering::Relaxed);
        if misses != 0 {
            self.misses.store(misses - 1, Ordering::Relaxed);
        }
    }

    /// An attempt to receive was in vain: the next ones are rarer.
    #[cold]
    pub(crate) fn found_nothing(&self) {
        let misses = self.misses.load(Ordering::Relaxed).min(MISSES_MAX - 1) + 1;
        self.misses.store(misses, Ordering::Relaxed);
        self.skip.store((1 << misses) - 1, Ordering::Relaxed);
    }

    /// How much a receive brought that was asked for so much.
    #[inline]
    pub(crate) fn brought(&self, asked: usize, len: usize) {
        if asked > HELD_BYTES_MAX {
            self.much.store(len > SMALL_BYTES, Ordering::Relaxed);
        }
    }

    /// Whether a receive that is asked for a lot will bring little.
    pub(crate) fn expects_little(&self) -> bool {
        !self.much.load(Ordering::Relaxed)
    }

    /// Whether to send with the interpreter locked. Who waits for answers on this socket wakes
    /// somebody by sending, perhaps a thread of this process.
    #[inline]
    pub(crate) fn sends_locked(&self, py: Python<'_>) -> bool {
        self.misses.load(Ordering::Relaxed) == 0
            || self.contended.load(Ordering::Relaxed)
            || is_only_thread(py)
    }

    /// Whether even a small transfer is work for the kernel.
    #[inline]
    pub(crate) fn is_laborious(&self) -> bool {
        self.laborious.load(Ordering::Relaxed)
    }

    /// From now on the kernel works on the data of each transfer.
    pub(crate) fn set_laborious(&self) {
        self.laborious.store(true, Ordering::Relaxed);
    }

    /// How it went to get the interpreter back.
    pub(crate) fn set_contended(&self, contended: bool) {
        if self.contended.load(Ordering::Relaxed) != contended {
            self.contended.store(contended, Ordering::Relaxed);
        }
    }
}

/// Whether no other thread can want the interpreter.
fn is_only_thread(_py: Python<'_>) -> bool {
    // SAFETY: `_py` proves that this thread is attached, so both states are alive, and the list of
    // threads does not lose this one.
    unsafe {
        let first = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        first == ffi::PyThreadState_Get() && ffi::PyThreadState_Next(first).is_null()
    }
}
