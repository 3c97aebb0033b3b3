//! [`SharedEndpoint`]: one socket in many threads, any of which may close it.

use std::fmt;
use std::io::{IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::address::Address;
use crate::control::{Ancillary, ControlBuilder};
use crate::endpoint::{Endpoint, Received};
use crate::error::{Error, Result};
use crate::family::{Family, Kind, Protocol};
use crate::fd::Partial;
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Wait};
use crate::sys::gate::{Gate, Pass, WakingWait};

/// An [`Endpoint`] that threads share by cloning and that any of them may close.
///
/// [`SharedEndpoint::close`] wakes every call that waits, in any thread, with [`Error::Closed`]
/// (EBADF); calls after it fail so at once. The descriptor's number is given back when the last
/// call in flight has ended, so it never names somebody else's file under a call. Only this handle
/// closes: duplicates of the socket, in other processes too, stay as they are.
///
/// Against [`Endpoint`] a verb costs two atomic operations, and a call that must wait two more
/// system calls (it tries, sleeps in ppoll(2), and tries again). Data that is there takes one.
/// SO_RCVTIMEO and SO_SNDTIMEO do not bound its verbs; a [`Deadline`](crate::Deadline) does.
/// [`SharedEndpoint::accept`] makes a listener O_NONBLOCK, which its duplicates see; the verbs here
/// wait all the same.
///
/// ```
/// use std::{thread, time::Duration};
/// use rsocket::{Error, SharedEndpoint};
///
/// let listener = SharedEndpoint::new(rsocket::listen("tcp://127.0.0.1:0")?)?;
/// let server = thread::spawn({
///     let listener = listener.clone();
///     move || loop {
///         match listener.accept() {
///             Ok((_connection, _peer)) => {}
///             Err(error) => return error,
///         }
///     }
/// });
/// thread::sleep(Duration::from_millis(20));
/// listener.close();
/// assert_eq!(server.join().unwrap(), Error::Closed);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct SharedEndpoint(Arc<Shared>);

struct Shared {
    gate: Gate<Endpoint>,
    family: Family,
    kind: Kind,
    protocol: Protocol,
    /// What the owner asked for; a listener's own O_NONBLOCK is set in any case.
    nonblocking: AtomicBool,
    /// Whether the socket's own O_NONBLOCK is known to be set.
    never_sleeps: AtomicBool,
}

impl SharedEndpoint {
    /// Takes over an endpoint.
    ///
    /// # Errors
    /// Those of fcntl(2), F_GETFL.
    pub fn new(endpoint: Endpoint) -> Result<Self> {
        let nonblocking = endpoint.is_nonblocking()?;
        Ok(SharedEndpoint(Arc::new(Shared {
            family: endpoint.family(),
            kind: endpoint.kind(),
            protocol: endpoint.protocol(),
            gate: Gate::new(endpoint),
            nonblocking: AtomicBool::new(nonblocking),
            never_sleeps: AtomicBool::new(nonblocking),
        })))
    }

    /// Closes the socket for every clone and wakes every call that waits. False where it was closed
    /// already.
    pub fn close(&self) -> bool {
        self.0.gate.close()
    }

    /// True once closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.gate.is_closed()
    }

    /// The address family.
    #[must_use]
    pub fn family(&self) -> Family {
        self.0.family
    }

    /// The socket type.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.0.protocol
    }

    /// The endpoint itself, open for as long as the pass is held: for options, names, and every
    /// other verb. One that waits wakes at a close if it gets its policy from [`Pass::wait`].
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn enter(&self) -> Result<Pass<'_, Endpoint>> {
        self.0.gate.enter()
    }

    /// Sets or clears O_NONBLOCK for every duplicate of the socket, and the verbs here with it.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn set_nonblocking(&self, nonblocking: bool) -> Result<()> {
        let pass = self.enter()?;
        self.0.never_sleeps.store(nonblocking, Ordering::SeqCst);
        pass.set_nonblocking(nonblocking)?;
        self.0.nonblocking.store(nonblocking, Ordering::SeqCst);
        Ok(())
    }

    /// A verb with a policy that wakes at a close.
    #[inline]
    fn call<'a, W: Wait, R>(
        &'a self,
        wait: W,
        verb: impl FnOnce(&Endpoint, WakingWait<'a, Endpoint, W>) -> R,
    ) -> Result<R> {
        let pass = self.0.gate.enter()?;
        let nonblocking = self.0.nonblocking.load(Ordering::Relaxed);
        let wait = pass.wait(wait).nonblocking(nonblocking);
        Ok(verb(&pass, wait))
    }

    /// [`Endpoint::recv`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv(&self, buf: &mut [u8]) -> Result<Received> {
        self.recv_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::recv_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv_with(&self, buf: &mut [u8], flags: MsgFlags, wait: impl Wait) -> Result<Received> {
        self.call(wait, |endpoint, wait| endpoint.recv_with(buf, flags, wait))?
    }

    /// [`Endpoint::send`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send(&self, buf: &[u8]) -> Result<usize> {
        self.send_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::send_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send_with(&self, buf: &[u8], flags: MsgFlags, wait: impl Wait) -> Result<usize> {
        self.call(wait, |endpoint, wait| endpoint.send_with(buf, flags, wait))?
    }

    /// [`Endpoint::recv_from`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv_from(&self, buf: &mut [u8]) -> Result<(Received, Address)> {
        self.recv_from_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::recv_from_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv_from_with(
        &self,
        buf: &mut [u8],
        flags: MsgFlags,
        wait: impl Wait,
    ) -> Result<(Received, Address)> {
        self.call(wait, |endpoint, wait| {
            endpoint.recv_from_with(buf, flags, wait)
        })?
    }

    /// [`Endpoint::send_to`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send_to(&self, buf: &[u8], to: &Address) -> Result<usize> {
        self.send_to_with(buf, to, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::send_to_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send_to_with(
        &self,
        buf: &[u8],
        to: &Address,
        flags: MsgFlags,
        wait: impl Wait,
    ) -> Result<usize> {
        self.call(wait, |endpoint, wait| {
            endpoint.send_to_with(buf, to, flags, wait)
        })?
    }

    /// [`Endpoint::send_all`]. Threads that send at the same time may have their bytes mixed.
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send_all(&self, buf: &[u8]) -> Result<(), Partial> {
        self.send_all_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::send_all_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send_all_with(
        &self,
        buf: &[u8],
        flags: MsgFlags,
        wait: impl Wait,
    ) -> Result<(), Partial> {
        self.call(wait, |endpoint, wait| {
            endpoint.send_all_with(buf, flags, wait)
        })
        .map_err(nothing_done)?
    }

    /// [`Endpoint::recv_exact`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv_exact(&self, buf: &mut [u8]) -> Result<(), Partial> {
        self.recv_exact_with(buf, MsgFlags::empty(), Blocking)
    }

    /// [`Endpoint::recv_exact_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv_exact_with(
        &self,
        buf: &mut [u8],
        flags: MsgFlags,
        wait: impl Wait,
    ) -> Result<(), Partial> {
        self.call(wait, |endpoint, wait| {
            endpoint.recv_exact_with(buf, flags, wait)
        })
        .map_err(nothing_done)?
    }

    /// [`Endpoint::recv_msg`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv_msg<const N: usize>(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary<N>,
        flags: MsgFlags,
    ) -> Result<(Received, Address)> {
        self.recv_msg_with(bufs, ancillary, flags, Blocking)
    }

    /// [`Endpoint::recv_msg_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv_msg_with<const N: usize>(
        &self,
        bufs: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary<N>,
        flags: MsgFlags,
        wait: impl Wait,
    ) -> Result<(Received, Address)> {
        self.call(wait, |endpoint, wait| {
            endpoint.recv_msg_with(bufs, ancillary, flags, wait)
        })?
    }

    /// [`Endpoint::send_msg`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send_msg<const N: usize>(
        &self,
        bufs: &[IoSlice<'_>],
        control: &ControlBuilder<'_, N>,
        to: Option<&Address>,
        flags: MsgFlags,
    ) -> Result<usize> {
        self.send_msg_with(bufs, control, to, flags, Blocking)
    }

    /// [`Endpoint::send_msg_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send_msg_with<const N: usize>(
        &self,
        bufs: &[IoSlice<'_>],
        control: &ControlBuilder<'_, N>,
        to: Option<&Address>,
        flags: MsgFlags,
        wait: impl Wait,
    ) -> Result<usize> {
        self.call(wait, |endpoint, wait| {
            endpoint.send_msg_with(bufs, control, to, flags, wait)
        })?
    }

    /// [`Endpoint::send_fds`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn send_fds(&self, data: &[u8], fds: &[BorrowedFd<'_>]) -> Result<usize> {
        self.call(Blocking, |endpoint, wait| {
            endpoint.send_fds_with(data, fds, wait)
        })?
    }

    /// [`Endpoint::recv_fds`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn recv_fds<const N: usize>(
        &self,
        buf: &mut [u8],
    ) -> Result<(Received, [Option<OwnedFd>; N])> {
        self.call(Blocking, |endpoint, wait| {
            endpoint.recv_fds_with::<N>(buf, wait)
        })?
    }

    /// [`Endpoint::accept`]. The new endpoint is this thread's own.
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn accept(&self) -> Result<(Endpoint, Address)> {
        self.accept_with(Blocking)
    }

    /// [`Endpoint::accept_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn accept_with(&self, wait: impl Wait) -> Result<(Endpoint, Address)> {
        self.call(wait, |endpoint, wait| {
            // accept(2) has no MSG_DONTWAIT. Where another thread took the connection that ppoll
            // announced, only O_NONBLOCK keeps this one from sleeping where nothing wakes it.
            if !self.0.never_sleeps.load(Ordering::SeqCst) {
                endpoint.set_nonblocking(true)?;
                self.0.never_sleeps.store(true, Ordering::SeqCst);
            }
            endpoint.accept_with(wait)
        })?
    }

    /// [`Endpoint::connect`]. A close is noticed at once while the network answers, and within 20
    /// milliseconds while a Unix-domain server's queue is full.
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn connect(&self, address: &Address) -> Result<()> {
        self.connect_with(address, Blocking)
    }

    /// [`Endpoint::connect_with`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn connect_with(&self, address: &Address, wait: impl Wait) -> Result<()> {
        self.call(wait, |endpoint, wait| endpoint.connect_with(address, wait))?
    }

    /// [`Endpoint::shutdown`]: unlike [`SharedEndpoint::close`] it reaches every duplicate of the
    /// socket, and the peer.
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        self.enter()?.shutdown(how)
    }

    /// [`Endpoint::local_address`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn local_address(&self) -> Result<Address> {
        self.enter()?.local_address()
    }

    /// [`Endpoint::peer_address`].
    ///
    /// # Errors
    /// As there, and [`Error::Closed`].
    pub fn peer_address(&self) -> Result<Address> {
        self.enter()?.peer_address()
    }
}

fn nothing_done(error: Error) -> Partial {
    Partial { done: 0, error }
}

impl TryFrom<Endpoint> for SharedEndpoint {
    type Error = Error;

    fn try_from(endpoint: Endpoint) -> Result<Self> {
        SharedEndpoint::new(endpoint)
    }
}

impl fmt::Debug for SharedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.enter() {
            Ok(endpoint) => f.debug_tuple("SharedEndpoint").field(&*endpoint).finish(),
            Err(_) => f.write_str("SharedEndpoint(closed)"),
        }
    }
}
