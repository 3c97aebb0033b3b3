//! Datagrams of UDP, many in one system call.

use std::hint::black_box;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use rsocket::{Address, Endpoint, RecvBatch, SendBatch, option};

use super::{Contender, Table};
use crate::fixture::{LEN, Udp, udp_v4};
use crate::hand::{Batch, native_v4};

pub(super) fn rows(table: &mut Table) {
    for messages in [1, 8, 64, 512] {
        let name = format!("UDP, {LEN} B, {messages} in a batch");
        let contenders = vec![ours(messages), by_hand(messages), one_by_one(messages)];
        table.row("Batches of datagrams", &name, messages as u64, contenders);
    }
}

/// Two sockets, the second of which has room for every batch.
fn sockets() -> Udp {
    let (left, right, to) = udp_v4();
    let roomy = Endpoint::try_from(right).unwrap();
    roomy.set(option::RecvBuffer, 1 << 20).unwrap();
    (left, roomy.try_into().unwrap(), to)
}

fn ours(messages: usize) -> Contender<'static> {
    let (left, right, to) = sockets();
    let to = Address::from(to);
    let left = Endpoint::try_from(left).unwrap();
    let right = Endpoint::try_from(right).unwrap();
    let mut send = SendBatch::new(messages).unwrap();
    let mut receive = RecvBatch::new(messages, LEN).unwrap();
    Contender::alone("rsocket", move || {
        let data = [7; LEN];
        let mut batch = send.messages();
        for _ in 0..messages {
            batch.push(black_box(&data), Some(&to)).unwrap();
        }
        left.send_batch_all(&mut batch).unwrap();
        let came = right.recv_batch(&mut receive).unwrap();
        assert!(came.len() == messages);
        for message in came {
            black_box((&message.data, message.from));
        }
    })
}

fn by_hand(messages: usize) -> Contender<'static> {
    let (left, right, to) = sockets();
    let SocketAddr::V4(to) = to else {
        unreachable!()
    };
    let to = native_v4(&to);
    let (mut send, mut receive) = (Batch::of(messages, Some(&to)), Batch::of(messages, None));
    Contender::alone("libc", move || {
        let data = [7; LEN];
        send.fill(black_box(&data), &to);
        send.send(left.as_raw_fd());
        receive.recv(right.as_raw_fd(), false);
    })
}

fn one_by_one(messages: usize) -> Contender<'static> {
    let (left, right, to) = sockets();
    Contender::alone("std", move || {
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        for _ in 0..messages {
            assert!(left.send_to(black_box(&data), to).unwrap() == LEN);
        }
        for _ in 0..messages {
            black_box(right.recv_from(&mut buf).unwrap());
        }
    })
}
