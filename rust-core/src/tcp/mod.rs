//! What only TCP has: keepalive in one call, fast open, several paths (MPTCP), listening on both
//! internet families, and the kernel's account of a connection.

mod info;

pub use info::{TcpInfo, tcp_info};

use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use crate::address::Address;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::{Family, Kind, Protocol};
use crate::fd;
use crate::flags::MsgFlags;
use crate::policy::{Blocking, Readiness, Wait};
use crate::sys::call;

/// linux/mptcp.h; libc has no names for them.
const SOL_MPTCP: i32 = 284;
const MPTCP_INFO: i32 = 1;

/// When a silent TCP connection is probed, and when it is given up, see tcp(7).
///
/// A peer that vanished is noticed after `idle + interval * count` without an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keepalive {
    /// The silence before the first probe (TCP_KEEPIDLE): 1 to 32767 whole seconds; a fraction is
    /// rounded up.
    pub idle: Duration,
    /// The time between two probes (TCP_KEEPINTVL): 1 to 32767 whole seconds; a fraction is rounded
    /// up.
    pub interval: Duration,
    /// How many probes go unanswered before the connection ends with ETIMEDOUT (TCP_KEEPCNT): 1 to
    /// 127.
    pub count: u8,
}

/// The bounds of tcp(7)'s keepalive options: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPCNT.
const MAX_SECONDS: i32 = 32767;
const MAX_COUNT: u8 = 127;

fn whole_seconds(time: Duration) -> Option<i32> {
    let up = u64::from(time.subsec_nanos() != 0);
    let seconds = i32::try_from(time.as_secs().saturating_add(up)).ok()?;
    (1..=MAX_SECONDS).contains(&seconds).then_some(seconds)
}

/// Whether probes are sent (SO_KEEPALIVE, socket(7)).
///
/// # Errors
/// Those of setsockopt(2).
pub fn set_keepalive(fd: BorrowedFd<'_>, on: bool) -> Result<()> {
    fd::set_int(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, on.into())
}

/// When probes are sent: the fields of a [`Keepalive`], of which `None` stays as it is.
///
/// # Errors
/// EINVAL for a time or a count out of range, with everything left as it was; ENOPROTOOPT or
/// EOPNOTSUPP where it is not TCP.
pub fn set_keepalive_times(
    fd: BorrowedFd<'_>,
    idle: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u8>,
) -> Result<()> {
    // Judged before the first is set: the kernel would refuse one after another.
    let judged = |time: Option<Duration>| time.map(|time| whole_seconds(time).ok_or(OUT_OF_RANGE));
    let (idle, interval) = (judged(idle).transpose()?, judged(interval).transpose()?);
    if count.is_some_and(|count| !(1..=MAX_COUNT).contains(&count)) {
        return Err(OUT_OF_RANGE);
    }
    let options = [
        (libc::TCP_KEEPIDLE, idle),
        (libc::TCP_KEEPINTVL, interval),
        (libc::TCP_KEEPCNT, count.map(i32::from)),
    ];
    for (option, value) in options {
        if let Some(value) = value {
            fd::set_int(fd, libc::IPPROTO_TCP, option, value)?;
        }
    }
    Ok(())
}

const OUT_OF_RANGE: Error = Error::Os {
    op: Op::SetSockOpt,
    errno: Errno::EINVAL,
};

/// TCP.
impl Endpoint {
    /// A TCP socket that uses several paths (MPTCP, RFC 8684) where the kernel does, and plain TCP
    /// otherwise; [`Endpoint::protocol`] says which. A peer without MPTCP is no obstacle either:
    /// [`Endpoint::is_multipath`] tells of a connection what it became.
    ///
    /// ```
    /// use rsocket::{Endpoint, Family, Protocol};
    ///
    /// let socket = Endpoint::multipath(Family::INET)?;
    /// assert!([Protocol::MPTCP, Protocol::TCP].contains(&socket.protocol()));
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongFamily`] outside the internet families; EAFNOSUPPORT, EMFILE and the others of
    /// socket(2).
    pub fn multipath(family: Family) -> Result<Self> {
        if !matches!(family, Family::INET | Family::INET6) {
            return Err(Error::WrongFamily);
        }
        match Endpoint::new(family, Kind::STREAM, Protocol::MPTCP) {
            // A kernel from before 5.6, one built without, or net.mptcp.enabled=0.
            Err(Error::Os {
                errno: Errno::EINVAL | Errno::EPROTONOSUPPORT | Errno::ENOPROTOOPT,
                ..
            }) => Endpoint::new(family, Kind::STREAM, Protocol::TCP),
            result => result,
        }
    }

    /// Whether the connection really is MPTCP: false where either side fell back to TCP.
    ///
    /// # Errors
    /// Those of getsockopt(2).
    pub fn is_multipath(&self) -> Result<bool> {
        let mut info = [0; 4];
        match self.raw_option(SOL_MPTCP, MPTCP_INFO, &mut info) {
            Ok(_) => Ok(true),
            Err(Error::Os {
                errno: Errno::ENOPROTOOPT | Errno::EOPNOTSUPP | Errno::EINVAL,
                ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Listens for TCP on every local address of both internet families, with one socket
    /// (IPV6_V6ONLY off, ipv6(7)); of IPv4 alone where the machine has no IPv6. A peer over IPv4
    /// shows as `::ffff:a.b.c.d`. SO_REUSEADDR is set.
    ///
    /// ```
    /// use rsocket::{Endpoint, Family, Kind, Protocol};
    ///
    /// let listener = Endpoint::listen_dual_stack(0, 128)?;
    /// let port = listener.local_address()?.port().unwrap();
    /// let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
    /// client.connect(&([127, 0, 0, 1], port).into())?;
    /// listener.accept()?;
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// EADDRINUSE where the port is taken in either family, EACCES for a port below 1024.
    pub fn listen_dual_stack(port: u16, backlog: i32) -> Result<Self> {
        match listen_v6(port, backlog) {
            Err(Error::Os {
                errno: Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL,
                ..
            }) => {
                let listener = Endpoint::new(Family::INET, Kind::STREAM, Protocol::TCP)?;
                listen_on(listener, &(Ipv4Addr::UNSPECIFIED, port).into(), backlog)
            }
            result => result,
        }
    }

    /// Turns keepalive probes on with these times, or off (SO_KEEPALIVE, socket(7), tcp(7)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use rsocket::{Endpoint, Family, Keepalive, Kind, Protocol};
    ///
    /// let socket = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
    /// let keepalive = Keepalive {
    ///     idle: Duration::from_secs(60),
    ///     interval: Duration::from_secs(10),
    ///     count: 3,
    /// };
    /// socket.set_keepalive(Some(keepalive))?;
    /// assert_eq!(socket.keepalive()?, Some(keepalive));
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongFamily`], [`Error::WrongKind`] where it is not TCP; EINVAL for a time or a
    /// count out of range, with everything left as it was.
    #[doc(alias = "SO_KEEPALIVE", alias = "TCP_KEEPIDLE")]
    #[doc(alias = "TCP_KEEPINTVL", alias = "TCP_KEEPCNT")]
    pub fn set_keepalive(&self, keepalive: Option<Keepalive>) -> Result<()> {
        self.require_tcp()?;
        let fd = self.as_fd();
        match keepalive {
            Some(keepalive) => {
                set_keepalive_times(
                    fd,
                    Some(keepalive.idle),
                    Some(keepalive.interval),
                    Some(keepalive.count),
                )?;
                set_keepalive(fd, true)
            }
            None => set_keepalive(fd, false),
        }
    }

    /// The keepalive times, or `None` where no probes are sent.
    ///
    /// # Errors
    /// [`Error::WrongFamily`], [`Error::WrongKind`] where it is not TCP.
    pub fn keepalive(&self) -> Result<Option<Keepalive>> {
        self.require_tcp()?;
        let fd = self.as_fd();
        if fd::get_int(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE)? == 0 {
            return Ok(None);
        }
        let ask = |name| fd::get_int(fd, libc::IPPROTO_TCP, name).map(i32::unsigned_abs);
        Ok(Some(Keepalive {
            idle: Duration::from_secs(ask(libc::TCP_KEEPIDLE)?.into()),
            interval: Duration::from_secs(ask(libc::TCP_KEEPINTVL)?.into()),
            count: u8::try_from(ask(libc::TCP_KEEPCNT)?).unwrap_or(u8::MAX),
        }))
    }

    /// Connects and sends the first bytes with the request (TCP fast open, RFC 7413): see
    /// [`Endpoint::connect_fast_open_with`].
    ///
    /// ```
    /// use rsocket::{Endpoint, Family, Kind, Protocol};
    ///
    /// let listener = rsocket::listen("tcp://127.0.0.1:0")?;
    /// listener.set_fast_open(16)?;
    /// let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
    /// let sent = client.connect_fast_open(&listener.local_address()?, b"hello")?;
    /// client.send_all(&b"hello"[sent..])?;
    /// let (server, _) = listener.accept()?;
    /// server.recv_exact(&mut [0; 5])?;
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn connect_fast_open(&self, address: &Address, data: &[u8]) -> Result<usize> {
        self.connect_fast_open_with(address, data, Blocking)
    }

    /// Connects and sends `data`, with the request where the kernel holds a cookie of the server,
    /// and right after the answer otherwise (the kernel asks for a cookie then). Says how much of
    /// `data` went. The server may see the data twice: only send what may be repeated.
    ///
    /// Where net.ipv4.tcp_fastopen forbids it, this is a plain connect and send.
    ///
    /// # Errors
    /// [`Error::WrongFamily`], [`Error::WrongKind`] where it is not TCP; those of
    /// [`Endpoint::connect_with`] and [`Endpoint::send_with`].
    #[doc(alias = "MSG_FASTOPEN")]
    pub fn connect_fast_open_with(
        &self,
        address: &Address,
        data: &[u8],
        mut wait: impl Wait,
    ) -> Result<usize> {
        self.require_tcp()?;
        let fd = self.as_fd();
        let bounded = wait.deadline().is_some();
        let extra = if bounded {
            MsgFlags::FASTOPEN | MsgFlags::DONTWAIT
        } else {
            MsgFlags::FASTOPEN
        };
        match wait.block(|| call::send_to(fd, data, extra.raw(), address.native())) {
            Ok(sent) => return Ok(sent),
            Err(Errno::EOPNOTSUPP) => fd::connect(fd, address, &mut wait)?,
            // connect(2): the attempt goes on; the data was not taken.
            Err(errno @ (Errno::EINPROGRESS | Errno::EINTR)) => {
                if errno == Errno::EINTR {
                    wait.interrupted()?;
                } else if !bounded {
                    return Err(Error::Os {
                        op: Op::Connect,
                        errno,
                    });
                }
                fd::wait_ready(fd, Readiness::Writable, &mut wait)?;
                if let Some(errno) = fd::take_error(fd)? {
                    return Err(Error::Os {
                        op: Op::Connect,
                        errno,
                    });
                }
            }
            Err(errno) => {
                return Err(Error::Os {
                    op: Op::Connect,
                    errno,
                });
            }
        }
        fd::send(fd, data, MsgFlags::empty(), &mut wait)
    }

    /// Lets a listener take data with the request to connect (TCP_FASTOPEN, tcp(7)), for `queue`
    /// connections at a time that have not been confirmed; 0 turns it off. The machine must allow
    /// it as well: bit 2 of net.ipv4.tcp_fastopen.
    ///
    /// # Errors
    /// [`Error::WrongFamily`], [`Error::WrongKind`] where it is not TCP.
    #[doc(alias = "TCP_FASTOPEN")]
    pub fn set_fast_open(&self, queue: u16) -> Result<()> {
        self.require_tcp()?;
        let tcp = libc::IPPROTO_TCP;
        fd::set_int(self.as_fd(), tcp, libc::TCP_FASTOPEN, queue.into())
    }

    /// The kernel's account of the connection (TCP_INFO, tcp(7)).
    ///
    /// ```
    /// use rsocket::{Endpoint, Family, Kind, Protocol};
    ///
    /// let listener = rsocket::listen("tcp://127.0.0.1:0")?;
    /// let client = Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT)?;
    /// client.connect(&listener.local_address()?)?;
    /// let info = client.tcp_info()?;
    /// println!("round trip {} us, window {} segments", info.rtt, info.snd_cwnd);
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongFamily`], [`Error::WrongKind`] where it is not TCP.
    #[doc(alias = "TCP_INFO")]
    pub fn tcp_info(&self) -> Result<TcpInfo> {
        self.require_tcp()?;
        tcp_info(self.as_fd())
    }

    fn require_tcp(&self) -> Result<()> {
        if !matches!(self.family(), Family::INET | Family::INET6) {
            return Err(Error::WrongFamily);
        }
        let tcp = [Protocol::DEFAULT, Protocol::TCP, Protocol::MPTCP];
        if self.kind() == Kind::STREAM && tcp.contains(&self.protocol()) {
            Ok(())
        } else {
            Err(Error::WrongKind)
        }
    }
}

fn listen_v6(port: u16, backlog: i32) -> Result<Endpoint> {
    let listener = Endpoint::new(Family::INET6, Kind::STREAM, Protocol::TCP)?;
    fd::set_int(listener.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0)?;
    listen_on(listener, &(Ipv6Addr::UNSPECIFIED, port).into(), backlog)
}

fn listen_on(listener: Endpoint, address: &Address, backlog: i32) -> Result<Endpoint> {
    fd::set_int(listener.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    listener.bind(address)?;
    listener.listen(backlog)?;
    Ok(listener)
}
