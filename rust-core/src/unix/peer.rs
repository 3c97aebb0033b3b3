//! Who is on the other end of a Unix-domain connection, as the kernel noted it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::option::{self, Get};

/// SO_PEERPIDFD: see [`Endpoint::peer_pidfd`].
///
/// # Errors
/// As there; ENODATA outside the Unix domain.
pub fn peer_pidfd(fd: BorrowedFd<'_>) -> Result<OwnedFd> {
    option::PeerPidFd::get(fd)
}

/// SO_PEERSEC: see [`Endpoint::peer_security`].
///
/// # Errors
/// As there.
pub fn peer_security(fd: BorrowedFd<'_>) -> Result<Vec<u8>> {
    option::PeerSec::get(fd)
}

/// SO_PEERGROUPS: see [`Endpoint::peer_groups`].
///
/// # Errors
/// As there.
pub fn peer_groups(fd: BorrowedFd<'_>) -> Result<Vec<u32>> {
    option::PeerGroups::get(fd)
}

/// Who is on the other end (Unix domain).
///
/// The kernel notes the peer when a stream or seqpacket connection is made: for the client the
/// process that called listen(2), for the server the one that called connect(2), and for a pair
/// the one that made it. What happens to that process later changes nothing.
impl Endpoint {
    /// A descriptor of the peer process (SO_PEERPIDFD, Linux 6.5), close-on-exec.
    ///
    /// Unlike a process id it can never come to mean another process. It is the kernel's own: there
    /// is no fallback by pid and pidfd_open(2), which would be a race.
    ///
    /// ```
    /// use rsocket::{Endpoint, Errno, Kind};
    ///
    /// let (left, _right) = Endpoint::pair(Kind::STREAM)?;
    /// match left.peer_pidfd() {
    ///     Ok(_pidfd) => {} // waitid(2), pidfd_send_signal(2), or poll(2) for its end
    ///     Err(error) => assert_eq!(error.errno(), Errno::ENOPROTOOPT), // before Linux 6.5
    /// }
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`WrongFamily`](crate::Error::WrongFamily) outside the Unix domain; ENOPROTOOPT where the
    /// kernel is too old; ENODATA without a peer; ESRCH or EINVAL where the kernel cannot make one
    /// for a process that has been reaped; EMFILE.
    #[doc(alias = "SO_PEERPIDFD")]
    pub fn peer_pidfd(&self) -> Result<OwnedFd> {
        self.require_unix()?;
        peer_pidfd(self.as_fd())
    }

    /// The security label of the peer (SO_PEERSEC), such as an SELinux context, without the NUL at
    /// its end.
    ///
    /// # Errors
    /// [`WrongFamily`](crate::Error::WrongFamily) outside the Unix domain; ENOPROTOOPT where no
    /// security module labels sockets, or there is no peer.
    #[doc(alias = "SO_PEERSEC")]
    pub fn peer_security(&self) -> Result<Vec<u8>> {
        self.require_unix()?;
        peer_security(self.as_fd())
    }

    /// The supplementary groups of the peer (SO_PEERGROUPS, Linux 4.13).
    ///
    /// ```
    /// use rsocket::{Endpoint, Kind};
    ///
    /// let (left, _right) = Endpoint::pair(Kind::SEQPACKET)?;
    /// let credentials = left.peer_credentials()?;
    /// let mut groups = left.peer_groups()?;
    /// groups.push(credentials.gid);
    /// println!("user {} in {groups:?}", credentials.uid);
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`WrongFamily`](crate::Error::WrongFamily) outside the Unix domain; ENODATA without a peer;
    /// ENOPROTOOPT where the kernel is too old.
    #[doc(alias = "SO_PEERGROUPS")]
    pub fn peer_groups(&self) -> Result<Vec<u32>> {
        self.require_unix()?;
        peer_groups(self.as_fd())
    }
}
