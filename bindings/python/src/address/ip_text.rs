//! The text of numeric addresses.

use std::net::Ipv6Addr;
use std::ops::Range;

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
        if let [0, 0, 0, 0, 0, 0xffff, high, low] = words {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            b"::ffff:".iter().for_each(|byte| self.push(*byte));
            self.v4([a, b, c, d]);
            return;
        }
        let gap = longest_zeros(&words);
        for (index, word) in words.into_iter().enumerate() {
            if gap.contains(&index) {
                // The colon behind the gap comes with the next word, or with its end.
                if index == gap.start || index == words.len() - 1 {
                    self.push(b':');
                }
                continue;
            }
            if index > 0 {
                self.push(b':');
            }
            self.hexadecimal(word);
        }
    }

    fn hexadecimal(&mut self, word: u16) {
        let digits = (4 - word.leading_zeros() / 4).max(1);
        for digit in (0..digits).rev() {
            let value = (word >> (4 * digit) & 0xf) as u8;
            self.push(if value < 10 {
                b'0' + value
            } else {
                b'a' + value - 10
            });
        }
    }

    pub(crate) fn to_python<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        let text = self.bytes.get(..self.len).unwrap_or_default();
        PyString::new(py, std::str::from_utf8(text).unwrap_or_default())
    }
}

/// The first of the longest runs of two or more zeros, or an empty one.
fn longest_zeros(words: &[u16; 8]) -> Range<usize> {
    let (mut longest, mut start) = (0..0, 0);
    for (index, word) in words.iter().enumerate() {
        if *word != 0 {
            start = index + 1;
        } else if index + 1 - start > longest.len().max(1) {
            longest = start..index + 1;
        }
    }
    longest
}
