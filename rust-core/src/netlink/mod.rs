//! Netlink, see netlink(7): a socket to the kernel with strict checking, requests, and replies that
//! are checked for their sender, their sequence number and their length.
//!
//! Attributes are handed out as bytes; crates such as `netlink-packet-route` make types of them.

mod cursor;
mod events;
pub(crate) mod generic;
mod message;
mod payload;

pub use cursor::{Cursor, Refusal, Replies};
pub use events::{Event, EventCursor, Events};
pub use generic::{GenericFamily, GenericGroup, resolve_family};
pub use message::{ATTRIBUTE_HEADER_LEN, Attribute, Attributes, HEADER_LEN, Message, Messages};
pub use payload::{Payload, put_attribute};

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

use crate::address::{Address, AddressView};
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, NetlinkError, Op, Result};
use crate::family::{Family, Kind, Protocol};
use crate::fd;
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Wait};
use crate::sys::call::as_uninit;

/// A buffer of this many bytes holds any datagram of a dump (the kernel's own upper bound).
pub const BUFFER_LEN: usize = 32 * 1024;

/// A netlink socket, bound to a port id that the kernel chose.
///
/// ```
/// use rsocket::Protocol;
/// use rsocket::netlink::Netlink;
///
/// // RTM_GETLINK with NLM_F_DUMP and an empty `struct ifinfomsg`: every network interface.
/// let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE)?;
/// let mut buf = vec![0; rsocket::netlink::BUFFER_LEN];
/// let mut replies = netlink.request(18, 0x300, &[0; 16], &mut buf)?;
/// let mut names = Vec::new();
/// while let Some(link) = replies.next()? {
///     for attribute in link.attributes(16) {
///         let attribute = attribute?;
///         if attribute.kind == 3 {
///             names.push(String::from_utf8_lossy(attribute.string()).into_owned());
///         }
///     }
/// }
/// assert!(names.contains(&"lo".to_string()));
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Debug)]
pub struct Netlink {
    endpoint: Endpoint,
    /// Where the reader of the last request stands.
    cursor: Cursor,
}

impl Netlink {
    /// Opens a socket of `protocol` with strict checking of dump requests, extended and capped
    /// acknowledgements, where the kernel has them.
    ///
    /// # Errors
    /// EPROTONOSUPPORT for a protocol that the kernel lacks.
    pub fn open(protocol: Protocol) -> Result<Self> {
        let endpoint = Endpoint::new(Family::NETLINK, Kind::RAW, protocol)?;
        prepare(endpoint.as_fd())?;
        endpoint.bind(&Address::netlink(0, 0))?;
        Ok(Netlink {
            endpoint,
            cursor: Cursor::default(),
        })
    }

    /// The socket.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The socket, and where the reader of the last request stands.
    #[cfg(feature = "tokio")]
    pub(crate) fn into_parts(self) -> (Endpoint, Cursor) {
        (self.endpoint, self.cursor)
    }

    /// What [`Netlink::into_parts`] took apart.
    #[cfg(feature = "tokio")]
    pub(crate) const fn from_parts(endpoint: Endpoint, cursor: Cursor) -> Self {
        Netlink { endpoint, cursor }
    }

    /// The port id that the kernel chose.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn pid(&self) -> Result<u32> {
        port_id(self.endpoint.as_fd())
    }

    /// Joins a multicast group, by its number (`RTNLGRP_…`, or as resolved; not a mask).
    ///
    /// # Errors
    /// EINVAL for a number that the protocol lacks, EPERM without the capability.
    pub fn join(&self, group: u32) -> Result<()> {
        join(self.endpoint.as_fd(), group)
    }

    /// Leaves a multicast group.
    ///
    /// # Errors
    /// EINVAL for a number that the protocol lacks.
    pub fn leave(&self, group: u32) -> Result<()> {
        leave(self.endpoint.as_fd(), group)
    }

    /// Asks the kernel for a receive queue of `bytes`: beyond net.core.rmem_max where this process
    /// may (SO_RCVBUFFORCE), up to it otherwise (SO_RCVBUF). Gives the size that the kernel
    /// settled on, which counts its own bookkeeping and is twice what it granted (socket(7)).
    ///
    /// A reader of events needs room for the bursts that come while it is busy.
    ///
    /// # Errors
    /// EINVAL for more than 2 GiB.
    #[doc(alias = "SO_RCVBUFFORCE")]
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<usize> {
        set_receive_buffer(self.endpoint.as_fd(), bytes)
    }

    /// Sends a request of type `kind` with `flags` and reads the replies into `buf`. `NLM_F_REQUEST`
    /// and `NLM_F_ACK` are added, so that the replies end. What was not read of the replies to the
    /// last request is passed over first: the kernel refuses a dump while another goes on.
    ///
    /// # Errors
    /// Those of sendmsg(2).
    pub fn request<'a>(
        &'a mut self,
        kind: u16,
        flags: u16,
        payload: &[u8],
        buf: &'a mut [u8],
    ) -> Result<Replies<'a>> {
        self.request_with(kind, flags, payload, buf, Blocking)
    }

    /// [`Netlink::request`], waiting as `wait` says; [`Replies::next_with`] has a policy of its own.
    ///
    /// # Errors
    /// As [`Netlink::request`], and [`Error::TimedOut`].
    pub fn request_with<'a>(
        &'a mut self,
        kind: u16,
        flags: u16,
        payload: &[u8],
        buf: &'a mut [u8],
        mut wait: impl Wait,
    ) -> Result<Replies<'a>> {
        let fd = self.endpoint.as_fd();
        let cursor = &mut self.cursor;
        cursor.finish(fd, buf, &mut wait)?;
        cursor.request(fd, cursor.next_sequence(), kind, flags, payload, &mut wait)?;
        Ok(Replies::new(fd, buf, cursor))
    }

    /// Dumps: sends a request of type `kind` with `NLM_F_DUMP` and makes a value of each message. A
    /// dump that the kernel marks as interrupted, because what it lists changed meanwhile, is thrown
    /// away and repeated, `attempts` times in all.
    ///
    /// ```
    /// use rsocket::Protocol;
    /// use rsocket::netlink::{BUFFER_LEN, Netlink};
    ///
    /// // RTM_GETLINK: the number of every interface, from one consistent view.
    /// let mut netlink = Netlink::open(Protocol::NETLINK_ROUTE)?;
    /// let mut buf = vec![0; BUFFER_LEN];
    /// let links = netlink.dump(18, &[0; 16], 5, &mut buf, |link| {
    ///     Ok(link.payload.get(4..8).map(<[u8]>::to_vec))
    /// })?;
    /// assert!(!links.is_empty());
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`NetlinkError::DumpInterrupted`] where the last attempt was interrupted as well, those of
    /// [`Netlink::request`] and [`Replies::next`], and what `make` returns.
    pub fn dump<T>(
        &mut self,
        kind: u16,
        payload: &[u8],
        attempts: u32,
        buf: &mut [u8],
        mut make: impl FnMut(Message<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut made = Vec::new();
        let mut attempt = 1;
        loop {
            let mut replies = self.request(kind, libc::NLM_F_DUMP as u16, payload, buf)?;
            let result = loop {
                match replies.next() {
                    Ok(Some(message)) => made.push(make(message)?),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            match result {
                Ok(()) => return Ok(made),
                Err(Error::Netlink(NetlinkError::DumpInterrupted)) if attempt < attempts => {
                    attempt += 1;
                    made.clear();
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Looks up a generic netlink family by its name ("nl80211", "ethtool", "nlctrl" itself), on a
    /// socket of [`Protocol::NETLINK_GENERIC`].
    ///
    /// # Errors
    /// [`NetlinkError::Refused`] with ENOENT where the kernel has no such family;
    /// [`Error::WrongKind`] on a socket of another protocol.
    pub fn resolve_family(&mut self, name: &str) -> Result<GenericFamily> {
        generic::resolve(self, name)
    }

    /// The events that come to the groups that were joined, one message at a time.
    ///
    /// ```
    /// use rsocket::netlink::{BUFFER_LEN, Event, Netlink};
    /// use rsocket::{Deadline, Error, Protocol};
    /// use std::time::Duration;
    ///
    /// let monitor = Netlink::open(Protocol::NETLINK_ROUTE)?;
    /// monitor.set_receive_buffer(1 << 20)?;
    /// monitor.join(1)?; // RTNLGRP_LINK
    /// let mut buf = vec![0; BUFFER_LEN];
    /// let mut events = monitor.events(&mut buf);
    /// loop {
    ///     match events.next_with(Deadline::after(Duration::from_millis(10))) {
    ///         Ok(Event::Message(message)) => println!("type {}", message.kind),
    ///         Ok(Event::Overrun) => println!("events were lost: dump again"),
    ///         Err(Error::TimedOut) => break,
    ///         Err(error) => return Err(error),
    ///     }
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn events<'a>(&'a self, buf: &'a mut [u8]) -> Events<'a> {
        Events::new(self.endpoint.as_fd(), buf)
    }

    /// Receives one datagram of events into `buf`, from the kernel only.
    ///
    /// # Errors
    /// [`NetlinkError::Overrun`] where events were lost: the socket goes on working;
    /// [`NetlinkError::Truncated`] where `buf` was too short.
    pub fn recv<'b>(&self, buf: &'b mut [u8]) -> Result<Messages<'b>> {
        self.recv_with(buf, Blocking)
    }

    /// [`Netlink::recv`], waiting as `wait` says.
    ///
    /// # Errors
    /// As [`Netlink::recv`], and [`Error::TimedOut`].
    pub fn recv_with<'b>(&self, buf: &'b mut [u8], mut wait: impl Wait) -> Result<Messages<'b>> {
        let len = recv_datagram(
            self.endpoint.as_fd(),
            as_uninit(buf),
            MsgFlags::empty(),
            &mut wait,
        )?;
        Ok(Messages::new(buf.get(..len).unwrap_or_default()))
    }
}

/// Sets what every netlink socket of ours has: strict checking, extended and capped acks.
///
/// # Errors
/// Those of setsockopt(2), but for a kernel that lacks an option (ENOPROTOOPT), which is let pass.
pub fn prepare(fd: BorrowedFd<'_>) -> Result<()> {
    let options = [
        libc::NETLINK_EXT_ACK,
        libc::NETLINK_CAP_ACK,
        libc::NETLINK_GET_STRICT_CHK,
    ];
    for option in options {
        match fd::set_int(fd, libc::SOL_NETLINK, option, 1) {
            Ok(())
            | Err(Error::Os {
                errno: Errno::ENOPROTOOPT,
                ..
            }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Joins a multicast group by its number. See [`Netlink::join`].
///
/// # Errors
/// As there.
pub fn join(fd: BorrowedFd<'_>, group: u32) -> Result<()> {
    fd::set_option(
        fd,
        libc::SOL_NETLINK,
        libc::NETLINK_ADD_MEMBERSHIP,
        &group.to_ne_bytes(),
    )
}

/// Leaves a multicast group. See [`Netlink::leave`].
///
/// # Errors
/// As there.
pub fn leave(fd: BorrowedFd<'_>, group: u32) -> Result<()> {
    let value = group.to_ne_bytes();
    fd::set_option(fd, libc::SOL_NETLINK, libc::NETLINK_DROP_MEMBERSHIP, &value)
}

/// See [`Netlink::set_receive_buffer`].
///
/// # Errors
/// As there.
pub fn set_receive_buffer(fd: BorrowedFd<'_>, bytes: usize) -> Result<usize> {
    // The kernel doubles the number, so half of what an int holds is the most.
    let most = i32::MAX / 2;
    let bytes = i32::try_from(bytes).ok().filter(|bytes| *bytes <= most);
    let bytes = bytes.ok_or(Error::Os {
        op: Op::SetSockOpt,
        errno: Errno::EINVAL,
    })?;
    match fd::set_int(fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes) {
        Err(Error::Os {
            errno: Errno::EPERM,
            ..
        }) => fd::set_int(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes)?,
        result => result?,
    }
    let granted = fd::get_int(fd, libc::SOL_SOCKET, libc::SO_RCVBUF)?;
    Ok(usize::try_from(granted).unwrap_or(0))
}

pub(crate) fn port_id(fd: BorrowedFd<'_>) -> Result<u32> {
    match fd::local_address(fd)?.view() {
        AddressView::Netlink { pid, .. } => Ok(pid),
        _ => Err(Error::WrongFamily),
    }
}

/// Receives one datagram from the kernel; one from anybody else is thrown away.
pub(crate) fn recv_datagram(
    fd: BorrowedFd<'_>,
    buf: &mut [MaybeUninit<u8>],
    flags: MsgFlags,
    wait: &mut impl Wait,
) -> Result<usize> {
    let flags = flags | MsgFlags::TRUNC;
    loop {
        let mut from = Address::default();
        let len = match fd::recv_from(fd, buf, flags, &mut from, wait) {
            Err(Error::Os {
                errno: Errno::ENOBUFS,
                ..
            }) => {
                return Err(NetlinkError::Overrun.into());
            }
            result => result?,
        };
        if !matches!(from.view(), AddressView::Netlink { pid: 0, .. }) {
            continue;
        }
        if len > buf.len() {
            return Err(NetlinkError::Truncated(u32::try_from(len).unwrap_or(u32::MAX)).into());
        }
        return Ok(len);
    }
}
