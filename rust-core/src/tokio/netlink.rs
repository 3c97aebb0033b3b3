//! Asynchronous netlink: requests and their replies, dumps, and events.

use std::fmt;
use std::os::fd::AsFd;

use super::AsyncEndpoint;
use super::wait::Direction;
use crate::endpoint::Endpoint;
use crate::error::{Error, NetlinkError, Result};
use crate::family::Protocol;
use crate::flags::MsgFlags;
use crate::netlink::{
    self, BUFFER_LEN, Cursor, Event, Events, GenericFamily, Message, Messages, Netlink, Refusal,
    generic,
};
use crate::policy::Blocking;
use crate::sys::call::as_uninit;

/// A [`Netlink`] socket whose verbs are asynchronous.
///
/// What netlink's own types promise holds here as well: replies are the kernel's and belong to the
/// request, truncation and overrun are values, an interrupted dump is told.
///
/// ```
/// use rsocket::Protocol;
/// use rsocket::netlink::BUFFER_LEN;
/// use rsocket::tokio::AsyncNetlink;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> rsocket::Result<()> {
/// // RTM_GETLINK with NLM_F_DUMP and an empty `struct ifinfomsg`: every network interface.
/// let mut netlink = AsyncNetlink::open(Protocol::NETLINK_ROUTE)?;
/// let mut buf = vec![0; BUFFER_LEN];
/// let mut replies = netlink.request(18, 0x300, &[0; 16], &mut buf).await?;
/// let mut names = Vec::new();
/// while let Some(link) = replies.next().await? {
///     for attribute in link.attributes(16) {
///         let attribute = attribute?;
///         if attribute.kind == 3 {
///             names.push(String::from_utf8_lossy(attribute.string()).into_owned());
///         }
///     }
/// }
/// assert!(names.contains(&"lo".to_string()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AsyncNetlink {
    endpoint: AsyncEndpoint,
    cursor: Cursor,
}

impl AsyncNetlink {
    /// [`Netlink::open`].
    ///
    /// # Errors
    /// As there.
    pub fn open(protocol: Protocol) -> Result<Self> {
        Netlink::open(protocol)?.try_into()
    }

    /// The socket.
    #[must_use]
    pub fn endpoint(&self) -> &AsyncEndpoint {
        &self.endpoint
    }

    /// [`Netlink::pid`].
    ///
    /// # Errors
    /// As there.
    pub fn pid(&self) -> Result<u32> {
        netlink::port_id(self.endpoint.as_fd())
    }

    /// [`Netlink::join`].
    ///
    /// # Errors
    /// As there.
    pub fn join(&self, group: u32) -> Result<()> {
        netlink::join(self.endpoint.as_fd(), group)
    }

    /// [`Netlink::leave`].
    ///
    /// # Errors
    /// As there.
    pub fn leave(&self, group: u32) -> Result<()> {
        netlink::leave(self.endpoint.as_fd(), group)
    }

    /// [`Netlink::set_receive_buffer`].
    ///
    /// # Errors
    /// As there.
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<usize> {
        netlink::set_receive_buffer(self.endpoint.as_fd(), bytes)
    }

    /// [`Netlink::request`].
    ///
    /// Cancellation: nothing was sent.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn request<'a>(
        &'a mut self,
        kind: u16,
        flags: u16,
        payload: &[u8],
        buf: &'a mut [u8],
    ) -> Result<AsyncReplies<'a>> {
        let AsyncNetlink { endpoint, cursor } = self;
        if !cursor.is_done() {
            let finish = |socket: &Endpoint| cursor.finish(socket.as_fd(), buf, &mut Blocking);
            endpoint
                .when_ready(Direction::Receive, finish, || None)
                .await?;
        }
        let sequence = cursor.sequence().wrapping_add(1).max(1);
        let send = |socket: &Endpoint| {
            cursor.request(
                socket.as_fd(),
                sequence,
                kind,
                flags,
                payload,
                &mut Blocking,
            )
        };
        endpoint.when_ready(Direction::Send, send, || None).await?;
        Ok(AsyncReplies {
            endpoint,
            cursor,
            buf,
        })
    }

    /// [`Netlink::dump`].
    ///
    /// Cancellation: what was made is dropped; the next request passes over the rest of the dump.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn dump<T>(
        &mut self,
        kind: u16,
        payload: &[u8],
        attempts: u32,
        buf: &mut [u8],
        mut make: impl FnMut(Message<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut attempt = 1;
        loop {
            match self.dump_once(kind, payload, buf, &mut make).await {
                Err(Error::Netlink(NetlinkError::DumpInterrupted)) if attempt < attempts => {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn dump_once<T>(
        &mut self,
        kind: u16,
        payload: &[u8],
        buf: &mut [u8],
        make: &mut impl FnMut(Message<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut made = Vec::new();
        let dump = libc::NLM_F_DUMP as u16;
        let mut replies = self.request(kind, dump, payload, buf).await?;
        while let Some(message) = replies.next().await? {
            made.push(make(message)?);
        }
        Ok(made)
    }

    /// [`Netlink::resolve_family`].
    ///
    /// ```
    /// use rsocket::Protocol;
    /// use rsocket::tokio::AsyncNetlink;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> rsocket::Result<()> {
    /// let mut netlink = AsyncNetlink::open(Protocol::NETLINK_GENERIC)?;
    /// let controller = netlink.resolve_family("nlctrl").await?;
    /// assert!(controller.group("notify").is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn resolve_family(&mut self, name: &str) -> Result<GenericFamily> {
        let payload = generic::lookup(self.endpoint.protocol(), name)?;
        let mut buf = vec![0; BUFFER_LEN];
        let request = self.request(generic::CONTROLLER, 0, payload.as_bytes(), &mut buf);
        let mut replies = request.await?;
        let mut family = None;
        while let Some(reply) = replies.next().await? {
            family = Some(generic::read(reply)?);
        }
        family.ok_or(generic::NO_FAMILY)
    }

    /// [`Netlink::events`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use rsocket::Protocol;
    /// use rsocket::netlink::{BUFFER_LEN, Event};
    /// use rsocket::tokio::AsyncNetlink;
    /// use tokio::time::timeout;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> rsocket::Result<()> {
    /// let monitor = AsyncNetlink::open(Protocol::NETLINK_ROUTE)?;
    /// monitor.set_receive_buffer(1 << 20)?;
    /// monitor.join(1)?; // RTNLGRP_LINK
    /// let mut buf = vec![0; BUFFER_LEN];
    /// let mut events = monitor.events(&mut buf);
    /// while let Ok(event) = timeout(Duration::from_millis(10), events.next()).await {
    ///     match event? {
    ///         Event::Message(message) => println!("type {}", message.kind),
    ///         Event::Overrun => println!("events were lost: dump again"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events<'a>(&'a self, buf: &'a mut [u8]) -> AsyncEvents<'a> {
        AsyncEvents {
            endpoint: &self.endpoint,
            events: Events::new(self.endpoint.as_fd(), buf),
        }
    }

    /// [`Netlink::recv`].
    ///
    /// Cancellation loses no data.
    ///
    /// # Errors
    /// As there, and those of [`AsyncEndpoint::readable`].
    pub async fn recv<'b>(&self, buf: &'b mut [u8]) -> Result<Messages<'b>> {
        let receive = |socket: &Endpoint| {
            netlink::recv_datagram(
                socket.as_fd(),
                as_uninit(buf),
                MsgFlags::empty(),
                &mut Blocking,
            )
        };
        let received = self
            .endpoint
            .when_ready(Direction::Receive, receive, || None);
        let len = received.await?;
        Ok(Messages::new(buf.get(..len).unwrap_or_default()))
    }
}

impl TryFrom<Netlink> for AsyncNetlink {
    type Error = Error;

    /// As [`AsyncEndpoint::new`].
    fn try_from(netlink: Netlink) -> Result<Self> {
        let (endpoint, cursor) = netlink.into_parts();
        Ok(AsyncNetlink {
            endpoint: AsyncEndpoint::new(endpoint)?,
            cursor,
        })
    }
}

impl TryFrom<AsyncNetlink> for Netlink {
    type Error = Error;

    /// As [`AsyncEndpoint::into_endpoint`].
    fn try_from(netlink: AsyncNetlink) -> Result<Self> {
        let endpoint = netlink.endpoint.into_endpoint()?;
        Ok(Netlink::from_parts(endpoint, netlink.cursor))
    }
}

/// The replies to one request: [`Replies`](crate::netlink::Replies), asynchronous.
#[derive(Debug)]
pub struct AsyncReplies<'a> {
    endpoint: &'a AsyncEndpoint,
    cursor: &'a mut Cursor,
    buf: &'a mut [u8],
}

impl AsyncReplies<'_> {
    /// The next reply; `None` at the end of the dump, or at the acknowledgement.
    ///
    /// Cancellation loses no reply.
    ///
    /// # Errors
    /// As [`Replies::next`](crate::netlink::Replies::next), and those of
    /// [`AsyncEndpoint::readable`].
    pub async fn next(&mut self) -> Result<Option<Message<'_>>> {
        let (endpoint, buf) = (self.endpoint, &mut *self.buf);
        let has_unread = self.cursor.has_unread();
        let mut advance =
            |socket: &Endpoint| self.cursor.advance(socket.as_fd(), buf, &mut Blocking);
        let found = match has_unread.then(|| advance(endpoint.endpoint())) {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) if !error.is_would_block() => Err(error),
            // Nothing in the buffer, or no reply to this request.
            _ => {
                let reply = endpoint.when_ready(Direction::Receive, advance, || None);
                reply.await
            }
        };
        let Some(found) = found? else {
            return Ok(None);
        };
        let bytes = self.buf.get(found).unwrap_or_default();
        Messages::new(bytes).next().transpose().map_err(Error::from)
    }

    /// [`Replies::refusal`](crate::netlink::Replies::refusal).
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal<'_>> {
        self.cursor.refusal(self.buf)
    }
}

/// The events of multicast groups: [`Events`], asynchronous. They never end.
pub struct AsyncEvents<'a> {
    endpoint: &'a AsyncEndpoint,
    events: Events<'a>,
}

impl AsyncEvents<'_> {
    /// The next event.
    ///
    /// Cancellation loses no event.
    ///
    /// # Errors
    /// As [`Events::next`], and those of [`AsyncEndpoint::readable`].
    pub async fn next(&mut self) -> Result<Event<'_>> {
        if !self.events.has_unread() {
            let fill = |_: &Endpoint| self.events.fill(&mut Blocking);
            match self
                .endpoint
                .when_ready(Direction::Receive, fill, || None)
                .await
            {
                Err(Error::Netlink(NetlinkError::Overrun)) => return Ok(Event::Overrun),
                result => result?,
            }
        }
        self.events.next()
    }
}

impl fmt::Debug for AsyncEvents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncEvents")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
