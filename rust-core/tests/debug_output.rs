//! What `{:?}` prints names things as C and the man pages do, says how full a buffer is, and never
//! shows what was sent or received.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fmt::Debug;
use std::io::IoSliceMut;
use std::os::fd::AsFd;

use rsocket::option::Bytes;
use rsocket::{
    Ancillary, Control, ControlBuilder, Endpoint, ErrorOrigin, Gate, Kind, MsgFlags, RecvBatch,
    SendBatch, Unsent, WakingWait, ZeroCopy,
};
use support::{fds, tcp_pair, tracked, udp_pair};

fn shown(value: &impl Debug) -> String {
    format!("{value:?}")
}

#[test]
fn flags_by_their_names_in_c() {
    assert_eq!(shown(&MsgFlags::empty()), "0x0");
    assert_eq!(shown(&MsgFlags::PEEK), "MSG_PEEK");
    let mut flags = MsgFlags::TRUNC;
    flags |= MsgFlags::DONTWAIT;
    assert_eq!(shown(&flags), "MSG_DONTWAIT | MSG_TRUNC");
    let unknown = MsgFlags::from_raw(1 << 24) | MsgFlags::EOR;
    assert_eq!(shown(&unknown), "MSG_EOR | 0x1000000");
    assert_eq!(unknown & MsgFlags::EOR, MsgFlags::EOR);
    assert_eq!(shown(&(unknown & MsgFlags::OOB)), "0x0");
}

#[test]
fn where_an_error_comes_from_by_its_name_in_c() {
    for (origin, number, name) in [
        (ErrorOrigin::NONE, 0, "SO_EE_ORIGIN_NONE"),
        (ErrorOrigin::LOCAL, 1, "SO_EE_ORIGIN_LOCAL"),
        (ErrorOrigin::ICMP, 2, "SO_EE_ORIGIN_ICMP"),
        (ErrorOrigin::ICMP6, 3, "SO_EE_ORIGIN_ICMP6"),
        (ErrorOrigin::TIMESTAMPING, 4, "SO_EE_ORIGIN_TIMESTAMPING"),
        (ErrorOrigin::ZEROCOPY, 5, "SO_EE_ORIGIN_ZEROCOPY"),
        (ErrorOrigin::TXTIME, 6, "SO_EE_ORIGIN_TXTIME"),
    ] {
        assert_eq!((origin.raw(), shown(&origin)), (number, name.to_owned()));
    }
}

#[test]
fn a_batch_by_its_slots_and_not_by_its_data() {
    let (left, right) = udp_pair("127.0.0.1:0");
    let from = left.local_address().unwrap();
    let mut send = SendBatch::new(4).unwrap();
    assert_eq!(
        (send.slots(), shown(&send)),
        (4, "SendBatch { slots: 4, .. }".to_owned())
    );
    let mut messages = send.messages();
    assert!(messages.is_empty());
    messages.push(b"secret", None).unwrap();
    messages.push(b"secret too", None).unwrap();
    assert!(!messages.is_empty());
    assert_eq!(shown(&messages), "SendMessages { len: 2, sent: 0, .. }");
    left.send_batch_all(&mut messages).unwrap();
    assert_eq!(shown(&messages), "SendMessages { len: 2, sent: 2, .. }");

    let mut recv = RecvBatch::new(3, 6).unwrap();
    assert_eq!((recv.slots(), recv.len(), recv.is_empty()), (3, 0, true));
    assert_eq!(shown(&recv), "RecvBatch { slots: 3, len: 0, .. }");
    let mut came = right.recv_batch(&mut recv).unwrap();
    assert_eq!(shown(&came), "ReceivedMessages(2 left)");
    came.next();
    let second = came.next().unwrap();
    let text = format!(
        "ReceivedMessage {{ len: 6, from: Address({from}), full_len: 10, flags: {}, .. }}",
        shown(&second.flags)
    );
    assert_eq!(shown(&second), text);
    assert!(second.flags.contains(MsgFlags::TRUNC));
    assert_eq!(shown(&came), "ReceivedMessages(0 left)");
    assert_eq!(shown(&recv), "RecvBatch { slots: 3, len: 2, .. }");
}

#[test]
fn control_messages_by_their_room_and_what_is_left() {
    const ROOM: usize = ControlBuilder::space_for_fds(2);
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let sent = tracked(2);
    let mut control = ControlBuilder::<ROOM>::default();
    assert_eq!(shown(&control), "ControlBuilder { len: 0, capacity: 24 }");
    control.push_fds(&fds(&sent)).unwrap();
    assert_eq!(shown(&control), "ControlBuilder { len: 24, capacity: 24 }");
    left.send_msg(&[], &control, None, MsgFlags::empty())
        .unwrap();

    let mut ancillary = Ancillary::<ROOM>::default();
    let mut data = [0; 1];
    let mut bufs = [IoSliceMut::new(&mut data)];
    let _ = right
        .recv_msg(&mut bufs, &mut ancillary, MsgFlags::empty())
        .unwrap();
    assert_eq!(shown(&ancillary), "Ancillary { capacity: 24, .. }");
    let mut messages = ancillary.messages();
    assert_eq!(shown(&messages), "Messages");
    let Some(Control::Rights(mut rights)) = messages.next() else {
        panic!("no descriptors")
    };
    assert_eq!(
        (shown(&rights), rights.size_hint()),
        ("Fds(2 left)".to_owned(), (0, Some(2)))
    );
    let _taken = rights.next();
    assert_eq!(shown(&rights), "Fds(1 left)");
    assert_eq!(shown(&ancillary.take_fds()), "TakeFds");
}

#[test]
fn a_gate_by_its_state() {
    let gate = Gate::new(Endpoint::pair(Kind::STREAM).unwrap().0);
    assert_eq!(shown(&gate), "Gate { closed: false, users: 0, .. }");
    let pass = gate.enter().unwrap();
    assert_eq!(shown(&gate), "Gate { closed: false, users: 1, .. }");
    assert_eq!(shown(&pass), "Pass");
    let wait: WakingWait<'_, _, _> = pass.wait(rsocket::Blocking);
    assert_eq!(shown(&wait), "WakingWait { policy: Blocking, .. }");
    // A pass is the descriptor of what it guards.
    assert_eq!(
        std::os::fd::AsRawFd::as_raw_fd(&pass.as_fd()),
        std::os::fd::AsRawFd::as_raw_fd(&*pass)
    );
    gate.close();
    assert_eq!(shown(&gate), "Gate { closed: true, users: 1, .. }");
}

#[test]
fn a_sender_without_copies_by_what_is_under_way() {
    let (client, server) = tcp_pair();
    let endpoint = shown(&client);
    let mut sender: ZeroCopy<Vec<u8>> = ZeroCopy::new(client).unwrap();
    assert_eq!(
        shown(&sender),
        format!("ZeroCopy {{ endpoint: {endpoint}, len: 0, .. }}")
    );
    assert!(sender.is_empty());
    drop(server);
    // The first send is answered with RST; from then on the socket is broken.
    let unsent: Unsent<Vec<u8>> = loop {
        if let Err(unsent) = sender.send(b"secret".to_vec()) {
            break unsent;
        }
        std::thread::yield_now();
    };
    let text = format!("Unsent {{ done: 0, error: {:?}, .. }}", unsent.error);
    assert_eq!(shown(&unsent), text);
    assert_eq!(unsent.buffer.as_deref(), Some(&b"secret"[..]));
}

#[test]
fn bytes_of_an_option_as_text_where_they_are() {
    let tcp = tcp_pair().0;
    let name: Bytes<16> = tcp.get(rsocket::option::TcpCongestion).unwrap();
    let text = name.as_str().unwrap();
    assert_eq!(shown(&name), format!("b\"{text}\""));
    assert_eq!(name, *text);
    assert_eq!(name, text);
    assert_eq!(name, tcp.get(rsocket::option::TcpCongestion).unwrap());
    assert_ne!(name, "no such algorithm");
    assert_eq!(name.len(), text.len());
}
