//! Checked borrowed views of an endpoint: what only a stream, a datagram socket or a listener has.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};

use super::{Endpoint, Received};
use crate::address::Address;
use crate::error::{Error, Result};

/// An endpoint that is a byte stream: [`Read`] and [`Write`].
///
/// ```
/// use std::io::{Read, Write};
/// use rsocket::{Endpoint, Kind};
///
/// let (left, right) = Endpoint::pair(Kind::STREAM)?;
/// writeln!(left.as_stream()?, "to any code that takes io::Write").unwrap();
/// drop(left);
/// let mut text = String::new();
/// right.as_stream()?.read_to_string(&mut text).unwrap();
/// assert_eq!(text, "to any code that takes io::Write\n");
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stream<'a>(&'a Endpoint);

/// An endpoint with message boundaries: datagram, seqpacket, raw.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a>(&'a Endpoint);

/// An endpoint that accepts connections.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'a>(&'a Endpoint);

impl Endpoint {
    /// Itself as a byte stream.
    ///
    /// # Errors
    /// [`Error::WrongKind`] unless it is SOCK_STREAM.
    pub fn as_stream(&self) -> Result<Stream<'_>> {
        if self.kind.is_stream() {
            Ok(Stream(self))
        } else {
            Err(Error::WrongKind)
        }
    }

    /// Itself as a socket with message boundaries.
    ///
    /// # Errors
    /// [`Error::WrongKind`] where it is SOCK_STREAM.
    pub fn as_datagram(&self) -> Result<Datagram<'_>> {
        if self.kind.is_stream() {
            Err(Error::WrongKind)
        } else {
            Ok(Datagram(self))
        }
    }

    /// Itself as a listener.
    ///
    /// # Errors
    /// [`Error::WrongKind`] unless the kernel says that it listens (SO_ACCEPTCONN).
    pub fn as_listener(&self) -> Result<Listener<'_>> {
        let fd = std::os::fd::AsFd::as_fd(self);
        match crate::fd::get_int(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN)? {
            0 => Err(Error::WrongKind),
            _ => Ok(Listener(self)),
        }
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.0.recv(buf)?.len)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Ok(self.0.recv_vectored(bufs)?.len)
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(self.0.send(buf)?)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(self.0.send_vectored(bufs)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Datagram<'_> {
    /// [`Endpoint::recv_from`].
    ///
    /// # Errors
    /// As there.
    pub fn recv_from(&self, buf: &mut [u8]) -> Result<(Received, Address)> {
        self.0.recv_from(buf)
    }

    /// [`Endpoint::send_to`].
    ///
    /// # Errors
    /// As there.
    pub fn send_to(&self, buf: &[u8], to: &Address) -> Result<usize> {
        self.0.send_to(buf, to)
    }
}

impl<'a> Listener<'a> {
    /// Connections as they come, without end. An error is yielded, and the next call accepts
    /// again: back off after EMFILE and ENFILE.
    #[must_use]
    pub fn incoming(&self) -> Incoming<'a> {
        Incoming(self.0)
    }
}

/// The connections of a [`Listener`].
#[derive(Debug)]
pub struct Incoming<'a>(&'a Endpoint);

impl Iterator for Incoming<'_> {
    type Item = Result<(Endpoint, Address)>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.accept())
    }
}
