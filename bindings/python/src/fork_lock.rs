//! A lock for builds without the interpreter's, which a fork cannot leave locked in the child.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// Nobody has the lock: no process sees itself as number 0 (getpid(2)).
const FREE: u32 = 0;

/// How long a thread sleeps that finds the lock taken. It does not spin: who has the lock may be a
/// thread that the scheduler puts behind it (sched(7), SCHED_FIFO).
const NAP: Duration = Duration::from_micros(20);

/// Names the process of the thread that has it. fork(2): "The child process is created with a single
/// thread—the one that called fork()", so that in a child whoever had the lock in the parent, unless it
/// was the forking thread itself, will never give it back. Such a lock names another process, and is
/// free to be taken.
///
/// What it guards must therefore be sound at every step, and nobody may fork with it in hand. A child
/// that by chance has the number of the ancestor whose lock it inherits, which must be dead by then,
/// would wait in vain.
#[derive(Debug)]
pub(crate) struct ForkLock(AtomicU32);

/// Gives the lock back.
pub(crate) struct Held<'a>(&'a AtomicU32);

impl ForkLock {
    pub(crate) const fn new() -> Self {
        ForkLock(AtomicU32::new(FREE))
    }

    /// Waits for the lock, for as long as a thread of this process has it.
    #[inline]
    pub(crate) fn lock(&self) -> Held<'_> {
        let process = std::process::id();
        let mut expected = FREE;
        loop {
            // Acquire sees what the last holder of this process left; what a process that this one
            // was forked from left is in the copy of its memory.
            match self.0.compare_exchange_weak(
                expected,
                process,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Held(&self.0),
                Err(holder) if holder == process => {
                    thread::sleep(NAP);
                    expected = FREE;
                }
                // Free again, or left behind by a fork. Of two threads that see that, one gets it.
                Err(other) => expected = other,
            }
        }
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(FREE, Ordering::Release);
    }
}
