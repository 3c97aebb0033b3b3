//! What only Unix-domain sockets have: a file that can be in the way, and a known peer.

mod bind;
pub(crate) mod peer;
mod place;

pub use bind::{BoundUnix, UnixBind, UnixPath};
