//! The memory of one direction of a buffered file, and who may look into it.

use std::cell::UnsafeCell;
use std::mem::{self, MaybeUninit};
use std::ops::{Deref, DerefMut};
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;

use super::lock::Lock;

/// One direction of a file: a buffer and its lock.
#[derive(Debug)]
pub(super) struct Side {
    lock: Lock,
    /// Whether the file was closed with this buffer.
    freed: AtomicBool,
    size: usize,
    room: UnsafeCell<Room>,
}

/// Bytes that were read and not yet asked for, or written and not yet sent.
#[derive(Debug)]
pub(super) struct Room {
    /// Never longer than empty: what is in it is between `start` and `end`. Allocated when first
    /// used, since many files are opened for one direction of the two, or closed at once.
    memory: Vec<u8>,
    size: usize,
    start: usize,
    end: usize,
}

/// A larger buffer is allocated with its file, so that the file fails to open where there is no
/// memory.
const LAZY_BYTES_MAX: usize = 1 << 20;

impl Side {
    pub(super) fn new(size: usize) -> PyResult<Self> {
        let mut room = Room {
            memory: Vec::new(),
            size,
            start: 0,
            end: 0,
        };
        if size > LAZY_BYTES_MAX {
            room.allocate()?;
        }
        Ok(Side {
            lock: Lock::new(),
            freed: AtomicBool::new(false),
            size,
            room: UnsafeCell::new(room),
        })
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn is_freed(&self) -> bool {
        self.freed.load(Ordering::Relaxed)
    }

    /// The buffer, if nobody uses it, for a moment in which no Python code runs.
    ///
    /// # Safety
    /// The interpreter must stay locked until the result is dropped.
    #[inline]
    pub(super) unsafe fn glance(&self) -> Option<Glance<'_>> {
        if !self.lock.glance() {
            return None;
        }
        // SAFETY: nobody holds the lock, and nobody can take it before the result is dropped: the
        // interpreter is locked, or the lock itself is taken.
        let room = unsafe { &mut *self.room.get() };
        Some(Glance { side: self, room })
    }

    /// The buffer, once nobody else uses it.
    ///
    /// # Errors
    /// RuntimeError in a thread that uses it already; `describe` names the file.
    #[inline]
    pub(super) fn enter(
        &self,
        py: Python<'_>,
        describe: impl FnOnce() -> PyResult<String>,
    ) -> PyResult<Held<'_>> {
        self.lock.acquire(py, describe)?;
        // SAFETY: ours alone while the lock is held.
        let room = unsafe { &mut *self.room.get() };
        Ok(Held { side: self, room })
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        if self.lock.is_held() {
            // A daemon thread that the interpreter left behind may still be in a system call on it.
            mem::forget(mem::take(&mut self.room.get_mut().memory));
        }
    }
}

/// A look at a buffer.
pub(super) struct Glance<'a> {
    side: &'a Side,
    room: &'a mut Room,
}

impl Drop for Glance<'_> {
    #[inline]
    fn drop(&mut self) {
        self.side.lock.look_away();
    }
}

/// A buffer of which the lock is held.
pub(super) struct Held<'a> {
    side: &'a Side,
    room: &'a mut Room,
}

impl Held<'_> {
    /// Gives the memory back, as the file is closed.
    pub(super) fn free(&mut self) {
        self.room.memory = Vec::new();
        self.room.empty();
        self.side.freed.store(true, Ordering::Relaxed);
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.side.lock.release();
    }
}

macro_rules! is_a_room {
    ($guard:ident) => {
        impl Deref for $guard<'_> {
            type Target = Room;

            #[inline]
            fn deref(&self) -> &Room {
                self.room
            }
        }

        impl DerefMut for $guard<'_> {
            #[inline]
            fn deref_mut(&mut self) -> &mut Room {
                self.room
            }
        }
    };
}

is_a_room!(Glance);
is_a_room!(Held);

impl Room {
    #[cold]
    fn allocate(&mut self) -> PyResult<()> {
        self.memory
            .try_reserve_exact(self.size)
            .map_err(|_| PyMemoryError::new_err(()))
    }

    /// How many bytes are in it.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// How many bytes fit in it.
    #[inline]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// How much memory it has.
    pub(super) fn capacity(&self) -> usize {
        self.memory.capacity()
    }

    /// The bytes in it.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: within the memory, which was filled from 0 to `end` (`added`).
        unsafe { slice::from_raw_parts(self.memory.as_ptr().add(self.start), self.len()) }
    }

    /// What there is to fill behind the bytes.
    ///
    /// # Errors
    /// MemoryError
    #[inline]
    pub(super) fn rest(&mut self) -> PyResult<&mut [MaybeUninit<u8>]> {
        if self.memory.capacity() == 0 {
            self.allocate()?;
        }
        let (end, size) = (self.end, self.size);
        let memory = self.memory.spare_capacity_mut();
        Ok(memory.get_mut(end..size).unwrap_or_default())
    }

    /// How much fits behind the bytes.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.size - self.end
    }

    /// The first `len` bytes of [`rest`](Self::rest) have been filled.
    ///
    /// # Safety
    /// They must have been, or all of them if they are fewer.
    #[inline]
    pub(super) unsafe fn added(&mut self, len: usize) {
        self.end += len.min(self.left());
    }

    /// Puts bytes behind those in it, as many as fit, and says how many.
    ///
    /// # Errors
    /// MemoryError
    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) -> PyResult<usize> {
        let rest = self.rest()?;
        let len = bytes.len().min(rest.len());
        // SAFETY: both are at least as long, and memory of ours does not overlap a caller's. That
        // the bytes may change meanwhile is as good as for the interpreter's own memcpy.
        unsafe {
            bytes
                .as_ptr()
                .copy_to_nonoverlapping(rest.as_mut_ptr().cast(), len);
            self.added(len);
        }
        Ok(len)
    }

    /// The first `len` bytes are used up.
    #[inline]
    pub(super) fn consume(&mut self, len: usize) {
        self.start += len.min(self.len());
    }

    /// Nothing is in it, and all of it can be filled.
    #[inline]
    pub(super) fn empty(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Moves the bytes to the front.
    pub(super) fn shift(&mut self) {
        let len = self.len();
        if self.start > 0 {
            let memory = self.memory.as_mut_ptr();
            // SAFETY: both places are within the memory.
            unsafe { memory.copy_from(memory.add(self.start), len) };
            self.start = 0;
            self.end = len;
        }
    }

    /// Moves as many bytes as there are, or as fit, into `target`, and says how many.
    #[inline]
    pub(super) fn take_into(&mut self, target: &mut [MaybeUninit<u8>]) -> usize {
        let bytes = self.bytes();
        let len = bytes.len().min(target.len());
        // SAFETY: both are at least as long; memory of ours does not overlap a caller's.
        unsafe {
            bytes
                .as_ptr()
                .copy_to_nonoverlapping(target.as_mut_ptr().cast(), len);
        }
        self.consume(len);
        len
    }
}
