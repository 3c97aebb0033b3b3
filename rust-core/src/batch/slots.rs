//! Batches over memory that a caller of another language has: an array of C structures, or one
//! arena cut into pieces. Only headers are built for the call, on the stack.

use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use crate::address::Address;
use crate::error::{Error, Op, Result};
use crate::flags::MsgFlags;
use crate::policy::{Readiness, Wait, run};
use crate::sys::call::MessageInfo;
use crate::sys::mmsg::{Headers, RecvOverlay, RecvPlaces, SendOverlay, SendPlaces};

/// How many messages [`recv_batch`] takes in one call, and [`send_batch`] in one system call.
pub const SLOTS_MAX: usize = 64;

/// One message to receive: where its parts go.
#[derive(Debug)]
pub struct RecvSlot<'a> {
    /// The data.
    pub data: &'a mut [MaybeUninit<u8>],
    /// Control messages, aligned as a `size_t`. Whoever reads them owns the descriptors in them.
    pub control: &'a mut [MaybeUninit<u8>],
    /// The sender.
    pub from: Option<&'a mut Address>,
    /// Lengths and flags of what came; left alone in a slot that nothing came to.
    pub info: &'a mut MessageInfo,
}

/// One message to send.
#[derive(Clone, Copy, Debug)]
pub struct SendSlot<'a> {
    /// The data.
    pub data: &'a [u8],
    /// Control messages, as [`push_control`](crate::fd::push_control) writes them.
    pub control: &'a [u8],
    /// The destination, where the socket is not connected.
    pub to: Option<&'a Address>,
}

/// Receives as many messages as are there, into one slot each; waits for the first alone. Says how
/// many slots it filled, [`SLOTS_MAX`] at most.
///
/// Add [`MsgFlags::TRUNC`] to learn the full length of a datagram that a slot was too short for,
/// and [`MsgFlags::CMSG_CLOEXEC`] so that received descriptors are close-on-exec.
///
/// ```
/// use std::mem::MaybeUninit;
/// use std::os::fd::AsFd;
/// use rsocket::fd::{self, MessageInfo, RecvSlot, SendSlot};
/// use rsocket::{Blocking, Endpoint, Kind, MsgFlags};
///
/// let (left, right) = Endpoint::pair(Kind::SEQPACKET)?;
/// let texts = [&b"one"[..], b"two"];
/// let slots = texts.map(|data| SendSlot { data, control: &[], to: None });
/// assert_eq!(fd::send_batch(left.as_fd(), slots, MsgFlags::empty(), &mut Blocking)?, 2);
///
/// let mut arena = [MaybeUninit::uninit(); 3 * 16];
/// let mut infos = [MessageInfo::default(); 3];
/// let slots = arena.chunks_exact_mut(16).zip(&mut infos).map(|(data, info)| RecvSlot {
///     data,
///     control: &mut [],
///     from: None,
///     info,
/// });
/// assert_eq!(fd::recv_batch(right.as_fd(), slots, MsgFlags::empty(), &mut Blocking)?, 2);
/// assert_eq!((infos[0].len, infos[1].len, infos[2].len), (3, 3, 0));
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// # Errors
/// Those of recvmmsg(2).
pub fn recv_batch<'a>(
    fd: BorrowedFd<'_>,
    slots: impl IntoIterator<Item = RecvSlot<'a>>,
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<usize> {
    let places = slots.into_iter().map(|slot| RecvPlaces {
        data: slot.data,
        control: slot.control,
        from: slot.from.map(Address::native_mut),
        info: slot.info,
    });
    let mut overlay = RecvOverlay::<SLOTS_MAX>::empty();
    overlay.take(places);
    let flags = flags | MsgFlags::WAITFORONE;
    let filled = run(
        fd,
        Op::RecvMmsg,
        Readiness::Readable,
        flags,
        wait,
        |flags| overlay.receive(fd, flags.raw()),
    )?;
    overlay.finish(filled);
    Ok(filled)
}

/// Sends one message from each slot, and says how many went. Fewer than there are means that the
/// next one met an error, which another call from there on tells.
///
/// # Errors
/// Those of sendmmsg(2), where nothing went; [`Error::Interrupted`] in any case.
pub fn send_batch<'a>(
    fd: BorrowedFd<'_>,
    slots: impl IntoIterator<Item = SendSlot<'a>>,
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<usize> {
    let mut places = slots.into_iter().map(|slot| SendPlaces {
        data: slot.data,
        control: slot.control,
        to: slot.to.map(Address::native),
    });
    let mut done = 0;
    let mut overlay = SendOverlay::<SLOTS_MAX>::empty();
    loop {
        overlay.take(&mut places);
        if overlay.len() == 0 {
            return Ok(done);
        }
        let result = run(
            fd,
            Op::SendMmsg,
            Readiness::Writable,
            flags,
            wait,
            |flags| overlay.send(fd, flags.raw()),
        );
        let sent = match result {
            Ok(sent) => sent,
            // Only this call's policy knows why: no other call would tell.
            Err(error) if done == 0 || error == Error::Interrupted => return Err(error),
            Err(_) => return Ok(done),
        };
        done += sent;
        if sent < overlay.len() {
            return Ok(done);
        }
    }
}

/// [`recv_batch`] by headers that are made already.
///
/// # Errors
/// As [`recv_batch`].
#[inline]
pub fn recv_headers(
    fd: BorrowedFd<'_>,
    headers: &mut Headers<'_>,
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<usize> {
    let (flags, ready) = (flags | MsgFlags::WAITFORONE, Readiness::Readable);
    run(fd, Op::RecvMmsg, ready, flags, wait, |flags| {
        headers.receive(Some(fd), flags.raw())
    })
}

/// [`send_batch`] by headers that are made already, 1024 at most, in one system call.
///
/// # Errors
/// As [`send_batch`].
#[inline]
pub fn send_headers(
    fd: BorrowedFd<'_>,
    headers: &mut Headers<'_>,
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<usize> {
    run(
        fd,
        Op::SendMmsg,
        Readiness::Writable,
        flags,
        wait,
        |flags| headers.send(Some(fd), flags.raw()),
    )
}
