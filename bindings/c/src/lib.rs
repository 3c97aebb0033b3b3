//! librsocket: the core's verbs for C. A function checks what C handed in, calls the core, and turns
//! the result into a number; each file below is one section of `rsocket.h`, in the header's order.

#![allow(non_camel_case_types, reason = "C's names")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the header is written for C: see `support`"
)]

mod support;

pub mod activation;
pub mod address;
pub mod batch;
pub mod io;
pub mod make;
pub mod message;
pub mod netlink;
pub mod option;
pub mod text;
pub mod types;
pub mod unix;
