//! Sockets of every Linux family behind one type: TCP, UDP, Unix-domain stream, datagram and
//! seqpacket, raw sockets, and netlink.
//!
//! ```
//! use rsocket::{Endpoint, Kind};
//!
//! let (left, right) = Endpoint::pair(Kind::SEQPACKET)?;
//! left.send(b"one message")?;
//! let mut buf = [0; 64];
//! let received = right.recv(&mut buf)?;
//! assert_eq!(&buf[..received.len], b"one message");
//! assert!(!received.truncated());
//! # Ok::<(), rsocket::Error>(())
//! ```
//!
//! # Policies
//!
//! - **Close-on-exec.** Every descriptor that this crate makes or receives is close-on-exec.
//! - **SIGPIPE** is never raised: every send passes `MSG_NOSIGNAL` and answers
//!   [`Errno::EPIPE`].
//! - **EINTR** never surfaces: a call is tried again with the time that is left; an interrupted
//!   connect is waited for, not repeated; close is never repeated. A waiting policy
//!   ([`Wait`]) may run code of its own at that point and end the operation.
//! - **Blocking.** A plain verb waits as the socket does: for ever, or not at all where
//!   O_NONBLOCK is set ([`Error::is_would_block`]). A verb `…_with` takes a policy; a [`Deadline`]
//!   bounds the whole operation, tries first, and sleeps in ppoll(2) only where nothing is there.
//!   O_NONBLOCK is never flipped behind the scenes: duplicates of a socket share it.
//! - **Truncation** of a datagram or of control messages is always visible ([`Received`]).
//! - **Ownership.** Descriptors go out borrowed and come in owned: what arrived with a message and
//!   was not taken is closed ([`Ancillary`]).
//! - **Threads.** An [`Endpoint`] is `Send` and `Sync`; every call may be made from any thread at
//!   the same time, as with the descriptor itself.
//! - **Memory.** No call that moves data allocates.
//!
//! # Where to go
//!
//! [`Endpoint`] makes, connects and moves; [`Address`] and [`Target`] name; [`option`] tunes;
//! [`Ancillary`] and [`ControlBuilder`] carry descriptors and credentials; [`netlink`] talks to
//! the kernel; [`fd`] has the same verbs for a descriptor that something else owns.

#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("rsocket is for 64-bit Linux, so far: it has been run nowhere else");

mod errno;
mod error;
#[expect(
    unsafe_code,
    reason = "system calls and native memory are there and nowhere else"
)]
mod sys;

mod activation;
mod address;
mod batch;
mod connect;
mod control;
mod endpoint;
mod family;
pub mod fd;
mod flags;
pub mod interface;
pub mod netlink;
pub mod option;
mod policy;
mod resolve;
mod shared;
mod tcp;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub mod tokio;
mod transfer;
mod unix;
mod zerocopy;

pub use activation::{Activation, ActivationError};
pub use address::{Address, AddressView, PacketAddress, Place, Target, UnixName};
pub use batch::{ReceivedMessage, ReceivedMessages, RecvBatch, Segments, SendBatch, SendMessages};
pub use connect::{Attempt, NoneConnected, Stagger, connect_any, connect_any_with};
pub use control::{
    Ancillary, Control, ControlBuilder, Credentials, ErrorOrigin, ExtendedError, Fds, Messages,
    PacketInfo, TakeFds, Timestamp, Timestamps,
};
pub use endpoint::{
    Datagram, Endpoint, Incoming, Listener, Received, Stream, connect, connect_with, listen,
};
pub use errno::Errno;
pub use error::{AddressError, ControlError, Error, NetlinkError, Op, ResolveError, Result};
pub use family::{Family, Kind, Protocol};
pub use fd::Partial;
pub use flags::MsgFlags;
pub use policy::{Blocking, Deadline, Readiness, Wait};
pub use resolve::{
    Hints, NameFlags, NameInfo, ResolveFlags, ResolvedAddress, ResolvedAddresses, name_info,
    resolve, resolve_c, resolve_number,
};
pub use shared::SharedEndpoint;
pub use sys::gate::{Gate, Pass, WakingWait};
pub use sys::stable::StableBytes;
pub use tcp::{Keepalive, TcpInfo};
pub use transfer::Splice;
pub use unix::{BoundUnix, UnixBind, UnixPath};
pub use zerocopy::{Completed, Unsent, ZeroCopy};
