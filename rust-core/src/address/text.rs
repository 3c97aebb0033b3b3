use super::Address;
use std::fmt;
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_ip() {
            Some(ip) => write!(f, "{ip}"),
            None => write!(f, "{:?}", self.view()),
        }
    }
}
impl std::str::FromStr for Address {
    type Err = crate::Error;
    fn from_str(s: &str) -> Result<Self, crate::Error> {
        Ok(s.parse::<std::net::SocketAddr>()
            .map_err(|_| crate::AddressError::Host)?
            .into())
    }
}
