//! The text of numeric addresses.

use std::net::Ipv6Addr;

use pyo3::prelude::*;
use pyo3::types::PyString;

/// The text of a numeric address, without a heap allocation.
pub(crate) struct IpText {
    bytes: [u8; 48],
    len: usize,
}

impl IpText {
    pub(crate) fn new() -> Self {
        IpText {
            bytes: [0; 48],
            len: 0,
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(next) = self.bytes.get_mut(self.len) {
            *next = byte;
            self.len += 1;
        }
    }

    fn decimal(&mut self, number: u8) {
        if number >= 100 {
            self.push(b'0' + number / 100);
        }
        if number >= 10 {
            self.push(b'0' + number / 10 % 10);
        }
        self.push(b'0' + number % 10);
    }

    pub(crate) fn v4(&mut self, octets: [u8; 4]) {
        for (index, octet) in octets.into_iter().enumerate() {
            if index > 0 {
                self.push(b'.');
            }
            self.decimal(octet);
        }
    }

    /// As inet_ntop(3) writes it: RFC 5952, and the old IPv4-compatible addresses dotted.
    pub(crate) fn v6(&mut self, ip: Ipv6Addr) {
        use std::fmt::Write;

        let words = ip.segments();
        if let [0, 0, 0, 0, 0, 0, high, low] = words
            && high != 0
        {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            self.push(b':');
            self.push(b':');
            self.v4([a, b, c, d]);
            return;
        }
        // Never fails: the longest address has 45 characters.
        let _ = write!(self, "{ip}");
    }

    pub(crate) fn to_python<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        let text = self.bytes.get(..self.len).unwrap_or_default();
        PyString::new(py, std::str::from_utf8(text).unwrap_or_default())
    }
}

impl std::fmt::Write for IpText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        text.bytes().for_each(|byte| self.push(byte));
        Ok(())
    }
}
