//! Sends with MSG_ZEROCOPY: the kernel reads from the caller's memory after the call has returned,
//! so the buffer is owned here until the kernel says that it is done with it.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::os::fd::AsFd;

use crate::address::Address;
use crate::control::{Ancillary, Control, ControlBuilder, ErrorOrigin, ExtendedError};
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::fd;
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Deadline, Nap, Readiness, Wait, until_ready};
use crate::sys::missing::SO_EE_CODE_ZEROCOPY_COPIED;
use crate::sys::stable::StableBytes;

/// Room for one entry of the error queue, and for stamps that may come with it.
const ROOM: usize = ControlBuilder::space(size_of::<libc::sock_extended_err>() + 28)
    + ControlBuilder::space(48)
    + ControlBuilder::space(16);

/// A TCP or UDP socket that sends without copying, and the buffers that are under way.
///
/// A buffer goes in by value and comes out of [`ZeroCopy::completed`] once the kernel has sent it
/// and, over TCP, the peer has acknowledged it. It pays from about 10 KiB a send on, and over real
/// network cards: the loopback device copies ([`Completed::copied`] says so). See
/// [MSG_ZEROCOPY](https://docs.kernel.org/networking/msg_zerocopy.html) in the kernel's documents.
///
/// Dropped with buffers under way, it takes back those that are done and leaks the others: memory
/// that is freed would be used again while the kernel still sends from it. Wait for them with
/// [`ZeroCopy::wait_completed`].
///
/// ```
/// use rsocket::{Endpoint, Family, Kind, Protocol, ZeroCopy};
///
/// let receiver = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
/// receiver.bind(&"127.0.0.1:0".parse()?)?;
/// let sender = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::UDP)?;
/// sender.connect(&receiver.local_address()?)?;
///
/// let mut sender = ZeroCopy::new(sender)?;
/// sender.send(vec![7; 10_000]).map_err(|unsent| unsent.error)?;
/// assert_eq!(receiver.recv(&mut [0; 10_000])?.len, 10_000);
/// let completed = sender.wait_completed()?.expect("one buffer is under way");
/// assert_eq!(completed.buffer.len(), 10_000);
/// # Ok::<(), rsocket::Error>(())
/// ```
pub struct ZeroCopy<B: StableBytes> {
    endpoint: Endpoint,
    under_way: VecDeque<UnderWay<B>>,
    /// The number that the kernel gives to the next send.
    next: u32,
}

/// A buffer and the sends that read from it: `sends` numbers from `first` on, wrapping.
struct UnderWay<B> {
    buffer: B,
    first: u32,
    sends: u32,
    completed: u32,
    copied: bool,
}

/// A buffer that the kernel is done with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Completed<B> {
    /// The buffer.
    pub buffer: B,
    /// The kernel copied after all: zero copy brings nothing on this path.
    pub copied: bool,
}

/// A send that failed.
///
/// ```
/// use rsocket::{Errno, ZeroCopy, connect};
///
/// let udp = connect("udp://127.0.0.1:9")?;
/// let mut sender = ZeroCopy::new(udp)?;
/// let unsent = sender.send(vec![0; 100_000]).unwrap_err(); // no datagram is that long
/// assert_eq!(unsent.error.errno(), Errno::EMSGSIZE);
/// let buffer = unsent.buffer.expect("nothing went, so it is given back");
/// assert_eq!(buffer.len(), 100_000);
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(thiserror::Error)]
#[error("{error} after {done} bytes")]
pub struct Unsent<B> {
    /// How many bytes went out before.
    pub done: usize,
    /// What ended it.
    pub error: Error,
    /// The buffer, where nothing went; otherwise it comes with its completion.
    pub buffer: Option<B>,
}

impl<B> fmt::Debug for Unsent<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsent")
            .field("done", &self.done)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<B: StableBytes> ZeroCopy<B> {
    /// Takes a socket over and sets SO_ZEROCOPY on it. Nobody else may send with MSG_ZEROCOPY on
    /// it, through a duplicate either: sends are matched by their number.
    ///
    /// # Errors
    /// EOPNOTSUPP for a socket that is neither TCP nor UDP; EALREADY where SO_ZEROCOPY is set
    /// already, so that the kernel may have counted sends. The endpoint is closed then.
    pub fn new(endpoint: Endpoint) -> Result<Self> {
        let fd = endpoint.as_fd();
        if fd::get_int(fd, libc::SOL_SOCKET, libc::SO_ZEROCOPY)? != 0 {
            return Err(Error::Os {
                op: Op::SetSockOpt,
                errno: Errno::EALREADY,
            });
        }
        fd::set_int(fd, libc::SOL_SOCKET, libc::SO_ZEROCOPY, 1)?;
        Ok(ZeroCopy {
            endpoint,
            under_way: VecDeque::new(),
            next: 0,
        })
    }

    /// The socket, for everything but sends with MSG_ZEROCOPY and reads of the error queue.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How many buffers are here: under way, or done and not taken back.
    #[must_use]
    pub fn len(&self) -> usize {
        self.under_way.len()
    }

    /// True where no buffer is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Sends all of `buffer`, and keeps it until its completion.
    ///
    /// Where the kernel's limit of memory under way is reached (ENOBUFS), it waits for completions.
    ///
    /// # Errors
    /// As [`Endpoint::send_all`]; ENOBUFS where nothing is under way and still no memory may be
    /// locked (RLIMIT_MEMLOCK, net.core.optmem_max).
    pub fn send(&mut self, buffer: B) -> Result<(), Unsent<B>> {
        self.send_with(buffer, None, MsgFlags::empty(), Blocking)
    }

    /// [`ZeroCopy::send`] of a datagram to an address.
    ///
    /// # Errors
    /// As [`ZeroCopy::send`].
    pub fn send_to(&mut self, buffer: B, to: &Address) -> Result<(), Unsent<B>> {
        self.send_with(buffer, Some(to), MsgFlags::empty(), Blocking)
    }

    /// [`ZeroCopy::send`] with flags; a deadline bounds the whole.
    ///
    /// # Errors
    /// As [`ZeroCopy::send`], and [`Error::TimedOut`].
    pub fn send_with(
        &mut self,
        buffer: B,
        to: Option<&Address>,
        flags: MsgFlags,
        mut wait: impl Wait,
    ) -> Result<(), Unsent<B>> {
        // In place before the first send, so that completions which come meanwhile find it.
        self.under_way.push_back(UnderWay {
            buffer,
            first: self.next,
            sends: 0,
            completed: 0,
            copied: false,
        });
        let (done, result) = self.send_last(to, flags, &mut wait);
        result.map_err(|error| Unsent {
            done,
            error,
            buffer: self.take_unsent(),
        })
    }

    /// The last buffer, where nothing of it went.
    fn take_unsent(&mut self) -> Option<B> {
        if self.under_way.back()?.sends != 0 {
            return None;
        }
        self.under_way.pop_back().map(|entry| entry.buffer)
    }

    /// Sends the last buffer until all of it has gone: how much went, and how it ended.
    fn send_last(
        &mut self,
        to: Option<&Address>,
        flags: MsgFlags,
        wait: &mut impl Wait,
    ) -> (usize, Result<()>) {
        let mut done = 0;
        while let Some(entry) = self.under_way.back_mut() {
            let bytes = entry.buffer.as_ref();
            let rest = bytes.get(done..).unwrap_or_default();
            let (len, is_numbered) = (bytes.len(), !rest.is_empty());
            // The kernel does not number a send without data.
            let flags = if is_numbered {
                flags | MsgFlags::ZEROCOPY
            } else {
                flags
            };
            let fd = self.endpoint.as_fd();
            let sent = match to {
                Some(to) => fd::send_to(fd, rest, flags, to, wait),
                None => fd::send(fd, rest, flags, wait),
            };
            match sent {
                Ok(sent) => {
                    done += sent;
                    if is_numbered {
                        entry.sends += 1;
                        self.next = self.next.wrapping_add(1);
                    }
                    if done >= len {
                        break;
                    }
                }
                Err(error) if error.errno() == Errno::ENOBUFS && self.is_waited_for() => {
                    if let Err(error) = self.wait_for_completion(wait) {
                        return (done, Err(error));
                    }
                }
                Err(error) => return (done, Err(error)),
            }
        }
        (done, Ok(()))
    }

    /// The next buffer that the kernel is done with, where there is one already.
    ///
    /// # Errors
    /// Another entry of the socket's error queue, such as an ICMP error that IP_RECVERR asked for,
    /// with its own error number; the next call goes on behind it.
    pub fn completed(&mut self) -> Result<Option<Completed<B>>> {
        if !self.under_way.iter().any(UnderWay::is_done) {
            while self.read_error_queue()? {}
        }
        Ok(self.take_done())
    }

    /// Waits for the next buffer that the kernel is done with; `None` where none is here.
    ///
    /// # Errors
    /// As [`ZeroCopy::completed`].
    pub fn wait_completed(&mut self) -> Result<Option<Completed<B>>> {
        self.wait_completed_with(Blocking)
    }

    /// [`ZeroCopy::wait_completed`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`ZeroCopy::completed`], and [`Error::TimedOut`].
    pub fn wait_completed_with(&mut self, mut wait: impl Wait) -> Result<Option<Completed<B>>> {
        loop {
            match self.completed()? {
                None if self.is_waited_for() => self.wait_for_completion(&mut wait)?,
                result => return Ok(result),
            }
        }
    }

    fn take_done(&mut self) -> Option<Completed<B>> {
        let index = self.under_way.iter().position(UnderWay::is_done)?;
        let entry = self.under_way.remove(index)?;
        Some(Completed {
            buffer: entry.buffer,
            copied: entry.copied,
        })
    }

    /// True where a completion is still to come.
    fn is_waited_for(&self) -> bool {
        self.under_way.iter().any(|entry| !entry.is_done())
    }

    /// Sleeps until the error queue has something, and reads it.
    fn wait_for_completion(&mut self, wait: &mut impl Wait) -> Result<()> {
        let deadline = wait.deadline().unwrap_or(Deadline::NEVER);
        let mut nap = Nap::default();
        loop {
            until_ready(self.endpoint.as_fd(), Readiness::Error, deadline, wait)?;
            if self.read_error_queue()? {
                return Ok(());
            }
            // A connection that broke is ready for ever, while its last completions are to come.
            nap.take(self.endpoint.as_fd(), deadline, wait)?;
        }
    }

    /// Reads one entry of the error queue; false where it is empty.
    fn read_error_queue(&mut self) -> Result<bool> {
        let mut ancillary = Ancillary::<ROOM>::new();
        let flags = MsgFlags::ERRQUEUE | MsgFlags::DONTWAIT;
        match self.endpoint.recv_msg(&mut [], &mut ancillary, flags) {
            Ok((received, _)) if received.control_truncated() => {
                Err(crate::error::ControlError::Truncated.into())
            }
            Ok(_) => {
                for message in ancillary.messages() {
                    if let Control::Error(message) = message {
                        self.complete(&message)?;
                    }
                }
                Ok(true)
            }
            Err(error) if error.is_would_block() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Notes what an entry of the error queue says.
    fn complete(&mut self, message: &ExtendedError) -> Result<()> {
        if message.origin != ErrorOrigin::ZEROCOPY {
            return match message.errno {
                Some(errno) => Err(Error::Os {
                    op: Op::RecvMsg,
                    errno,
                }),
                None => Ok(()),
            };
        }
        let copied = message.code & SO_EE_CODE_ZEROCOPY_COPIED != 0;
        for entry in &mut self.under_way {
            entry.complete(message.info, message.data, copied);
        }
        Ok(())
    }
}

impl<B> UnderWay<B> {
    fn is_done(&self) -> bool {
        self.completed >= self.sends
    }

    /// Notes that the sends from `low` to `high` are done, both included; numbers wrap at 2^32.
    fn complete(&mut self, low: u32, high: u32, copied: bool) {
        let count = u64::from(high.wrapping_sub(low)) + 1;
        let sends = u64::from(self.sends);
        // How far the first send of this entry stands behind `low`, or `low` behind it.
        let behind = u64::from(self.first.wrapping_sub(low));
        let ahead = u64::from(low.wrapping_sub(self.first));
        let common = if behind < count {
            sends.min(count - behind)
        } else if ahead < sends {
            count.min(sends - ahead)
        } else {
            return;
        };
        self.completed = self.completed.saturating_add(common as u32);
        self.copied |= copied;
    }
}

impl<B: StableBytes> Drop for ZeroCopy<B> {
    fn drop(&mut self) {
        // An error here means that no more completions can be read: what is left is leaked.
        while matches!(self.read_error_queue(), Ok(true)) {}
        for entry in self.under_way.drain(..) {
            if !entry.is_done() {
                mem::forget(entry.buffer);
            }
        }
    }
}

impl<B: StableBytes> fmt::Debug for ZeroCopy<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZeroCopy")
            .field("endpoint", &self.endpoint)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(first: u32, sends: u32) -> UnderWay<()> {
        UnderWay {
            buffer: (),
            first,
            sends,
            completed: 0,
            copied: false,
        }
    }

    fn completed(mut entry: UnderWay<()>, low: u32, high: u32) -> u32 {
        entry.complete(low, high, false);
        entry.completed
    }

    #[test]
    fn ranges_meet_where_they_overlap() {
        assert_eq!(completed(entry(10, 5), 0, 9), 0);
        assert_eq!(completed(entry(10, 5), 0, 10), 1);
        assert_eq!(completed(entry(10, 5), 12, 13), 2);
        assert_eq!(completed(entry(10, 5), 14, 30), 1);
        assert_eq!(completed(entry(10, 5), 15, 30), 0);
        assert_eq!(completed(entry(10, 5), 0, 100), 5);
    }

    #[test]
    fn ranges_wrap_with_the_kernels_counter() {
        assert_eq!(completed(entry(u32::MAX, 2), u32::MAX, 0), 2);
        assert_eq!(completed(entry(u32::MAX, 2), 0, 0), 1);
        assert_eq!(completed(entry(u32::MAX - 1, 4), u32::MAX, 0), 2);
        assert_eq!(completed(entry(0, 3), u32::MAX - 5, 1), 2);
        assert_eq!(completed(entry(5, 0), 0, 10), 0);
    }

    #[test]
    fn a_buffer_is_done_with_its_last_send() {
        let mut buffer = entry(3, 3);
        buffer.complete(5, 5, false);
        buffer.complete(3, 3, true);
        assert!(!buffer.is_done());
        buffer.complete(4, 4, false);
        assert!(buffer.is_done() && buffer.copied);
        assert!(entry(3, 0).is_done());
    }
}
