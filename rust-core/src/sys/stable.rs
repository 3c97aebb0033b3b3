//! Bytes that stay where they are while their owner moves.

use std::rc::Rc;
use std::sync::Arc;

/// Owned bytes whose place in memory does not change while the owner is moved or lent out shared.
///
/// # Safety
/// `as_ref` must give the same memory every time, until the value is dropped or borrowed mutably:
/// the kernel reads from there long after the call that was told of it.
pub unsafe trait StableBytes: AsRef<[u8]> {}

// SAFETY: the bytes are on the heap; moving a Vec moves the pointer to them.
unsafe impl StableBytes for Vec<u8> {}
// SAFETY: as for Vec.
unsafe impl StableBytes for Box<[u8]> {}
// SAFETY: as for Vec.
unsafe impl StableBytes for String {}
// SAFETY: the bytes are in the shared allocation, which only reads can reach.
unsafe impl StableBytes for Arc<[u8]> {}
// SAFETY: as for `Arc<[u8]>`.
unsafe impl StableBytes for Rc<[u8]> {}
// SAFETY: nobody but the program's end takes them away.
unsafe impl StableBytes for &'static [u8] {}
// SAFETY: as for `&'static [u8]`.
unsafe impl StableBytes for &'static str {}
