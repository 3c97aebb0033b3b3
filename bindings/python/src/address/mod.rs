//! Addresses: tuples, strings and bytes as Python has them, native ones as the kernel has them.
//!
//! The shapes are those of the standard library's `socket`, for every family of Linux.

mod host;
mod ip_text;
mod native;
mod parse;
mod render;

pub(crate) use host::is_ip_address;
pub(crate) use ip_text::IpText;
pub(crate) use parse::parse;
pub(crate) use render::render;
