//! Descriptors passed over a Unix-domain stream, received and closed.

use std::os::fd::{AsFd, AsRawFd};

use rsocket::Endpoint;

use super::{Contender, Table};
use crate::fixture::streams;
use crate::hand;

pub(super) fn rows(table: &mut Table) {
    let group = "Descriptors";
    table.row(group, "1 descriptor there", 1, vec![ours::<1>(), by_hand()]);
    table.row(
        group,
        "8 descriptors there",
        1,
        vec![ours::<8>(), one_by_one()],
    );
}

fn ours<const N: usize>() -> Contender<'static> {
    let (left, right) = streams();
    let left = Endpoint::try_from(left).unwrap();
    let right = Endpoint::try_from(right).unwrap();
    let mut byte = [0];
    Contender::new("rsocket", move || {
        left.send_fds(b"x", &[left.as_fd(); N]).unwrap();
        let (_, fds) = right.recv_fds::<N>(&mut byte).unwrap();
        assert!(fds.iter().all(Option::is_some));
    })
}

fn by_hand() -> Contender<'static> {
    let (left, right) = streams();
    Contender::new("libc", move || {
        hand::send_fd(left.as_raw_fd(), left.as_raw_fd());
        hand::close(hand::recv_fd(right.as_raw_fd()));
    })
}

/// Eight messages with a descriptor each, which is what a library does that passes one.
fn one_by_one() -> Contender<'static> {
    let (left, right) = streams();
    Contender::new("libc", move || {
        for _ in 0..8 {
            hand::send_fd(left.as_raw_fd(), left.as_raw_fd());
            hand::close(hand::recv_fd(right.as_raw_fd()));
        }
    })
}
