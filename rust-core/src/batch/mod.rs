//! Many messages in one system call, recvmmsg(2) and sendmmsg(2): memory that is made once and used
//! for every call, and the verbs for an array that something else owns.

mod recv;
mod send;
mod slots;

pub use recv::{ReceivedMessage, ReceivedMessages, RecvBatch, Segments};
pub use send::{SendBatch, SendMessages};
pub use slots::{
    RecvSlot, SLOTS_MAX, SendSlot, recv_batch, recv_headers, send_batch, send_headers,
};
