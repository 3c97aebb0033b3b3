//! Typed options of an [`Endpoint`].

use std::os::fd::AsFd;

use super::Endpoint;
use crate::error::{Error, Result};
use crate::option::{Get, Set};

/// Typed options.
impl Endpoint {
    /// Asks for an option; [`option`](crate::option) lists them.
    ///
    /// ```
    /// use rsocket::{Endpoint, Family, Kind, Protocol, option};
    ///
    /// let udp = Endpoint::new(Family::INET, Kind::DGRAM, Protocol::DEFAULT)?;
    /// assert_eq!(udp.get(option::SocketType)?, Kind::DGRAM);
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongFamily`], before any system call, where sockets of this family do not have
    /// it; ENOPROTOOPT (sometimes EOPNOTSUPP) where the kernel or this type of socket does not;
    /// what the option itself says.
    #[doc(alias = "getsockopt")]
    #[inline]
    pub fn get<O: Get>(&self, option: O) -> Result<O::Value> {
        let _ = option;
        if !O::FAMILIES.contains(self.family) {
            return Err(Error::WrongFamily);
        }
        O::get(self.as_fd())
    }

    /// Sets an option; [`option`](crate::option) lists them.
    ///
    /// ```
    /// use rsocket::{Endpoint, Family, Kind, Protocol, option};
    ///
    /// let tcp = Endpoint::new(Family::INET6, Kind::STREAM, Protocol::DEFAULT)?;
    /// tcp.set(option::Ipv6V6Only, true)?;
    /// tcp.set(option::TcpCongestion, "reno")?;
    /// assert_eq!(tcp.get(option::TcpCongestion)?, "reno");
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongFamily`], before any system call, where sockets of this family do not have
    /// it; ENOPROTOOPT (sometimes EOPNOTSUPP) where the kernel or this type of socket does not;
    /// EINVAL for a value that the kernel refuses; EPERM without the capability; what the option
    /// itself says.
    #[doc(alias = "setsockopt")]
    #[inline]
    pub fn set<O: Set>(&self, option: O, value: O::Value<'_>) -> Result<()> {
        let _ = option;
        if !O::FAMILIES.contains(self.family) {
            return Err(Error::WrongFamily);
        }
        O::set(self.as_fd(), value)
    }
}
