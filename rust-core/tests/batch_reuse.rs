//! A batch is as good at its hundredth call as at its first: lengths, addresses and control messages
//! are those of this call, whatever the last one left behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::Duration;

use rsocket::fd::{self, MessageInfo, RecvSlot, SLOTS_MAX, SendSlot};
use rsocket::{
    Address, Blocking, Control, ControlBuilder, Deadline, Endpoint, Errno, Error, Kind, MsgFlags,
    RecvBatch, SendBatch,
};
use support::{Tracked, all_gone, fds, is_cloexec, set_int, soon, tracked, try_int, udp, udp_pair};

#[test]
fn control_messages_come_at_every_call() {
    let (left, right) = udp_pair("127.0.0.1:0");
    set_int(&right, libc::SOL_IP, libc::IP_RECVTTL, 1);
    let room = ControlBuilder::space(4);
    let mut batch = RecvBatch::with_control(4, 64, room).unwrap();
    for round in 0..50 {
        for _ in 0..3 {
            left.send(b"x").unwrap();
        }
        let mut seen = 0;
        while seen < 3 {
            for mut message in right
                .recv_batch_with(&mut batch, MsgFlags::empty(), soon())
                .unwrap()
            {
                assert!(!message.control_truncated(), "round {round}");
                let hops: Vec<_> = message.messages().collect();
                assert!(matches!(hops[..], [Control::TimeToLive(64)]), "{hops:?}");
                seen += 1;
            }
        }
    }
}

#[test]
fn a_short_message_after_a_long_one() {
    let (left, right) = udp_pair("127.0.0.1:0");
    let mut batch = RecvBatch::new(2, 100).unwrap();
    for len in [100, 1, 50, 0, 100] {
        left.send(&vec![7; len]).unwrap();
        let lens: Vec<_> = right
            .recv_batch(&mut batch)
            .unwrap()
            .map(|message| (message.data.len(), message.full_len, message.truncated()))
            .collect();
        assert_eq!(lens, [(len, len, false)]);
    }
}

#[test]
fn descriptors_after_a_message_that_had_none() {
    let (left, right) = Endpoint::pair(Kind::DGRAM).unwrap();
    let mut sent = tracked(2);
    let mut batch = RecvBatch::with_control(1, 8, ControlBuilder::space_for_fds(2)).unwrap();
    for count in [2, 0, 1, 0, 2] {
        left.send_fds(b"data", &fds(&sent)[..count]).unwrap();
        let mut message = right.recv_batch(&mut batch).unwrap().next().unwrap();
        assert!(!message.control_truncated());
        assert_eq!(message.take_fds().count(), count);
    }
    assert!(all_gone(&mut sent));
}

#[test]
fn truncation_is_seen_in_each_slot() {
    let (left, right) = udp_pair("127.0.0.1:0");
    left.send(&[1; 30]).unwrap();
    left.send(&[2; 10]).unwrap();
    let mut batch = RecvBatch::new(4, 20).unwrap();
    let seen: Vec<_> = right
        .recv_batch(&mut batch)
        .unwrap()
        .map(|message| (message.data.len(), message.full_len, message.truncated()))
        .collect();
    assert_eq!(seen, [(20, 30, true), (10, 10, false)]);
}

#[test]
fn mixed_destinations_and_control_messages() {
    let (first, second) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
    let addresses = [&first, &second].map(|socket| socket.local_address().unwrap());
    set_int(&second, libc::SOL_IP, libc::IP_RECVTTL, 1);
    let sender = udp("0.0.0.0:0");
    let mut hops = ControlBuilder::<{ ControlBuilder::space(4) }>::new();
    hops.push_time_to_live(9).unwrap();
    let parts = [IoSlice::new(b"two "), IoSlice::new(b"parts")];

    let mut batch = SendBatch::new(3).unwrap();
    for _ in 0..3 {
        let mut messages = batch.messages();
        messages.push(b"plain", Some(&addresses[0])).unwrap();
        messages
            .push_message(&parts, &hops, Some(&addresses[1]))
            .unwrap();
        messages.push(b"plain again", Some(&addresses[1])).unwrap();
        assert_eq!(messages.push(b"", None), Err(Error::BatchFull));
        sender.send_batch_all(&mut messages).unwrap();
        assert_eq!((messages.sent(), messages.sent_len(1)), (3, Some(9)));
        assert_eq!(sender.send_batch(&mut messages), Ok(0));

        let mut received = RecvBatch::with_control(8, 64, 64).unwrap();
        let mut texts = Vec::new();
        for mut message in first.recv_batch(&mut received).unwrap() {
            assert_eq!(message.messages().count(), 0);
            texts.push(String::from_utf8_lossy(message.data).into_owned());
        }
        for mut message in second.recv_batch(&mut received).unwrap() {
            let hops = message.messages().find_map(|message| match message {
                Control::TimeToLive(hops) => Some(hops),
                _ => None,
            });
            texts.push(format!(
                "{} {hops:?}",
                String::from_utf8_lossy(message.data)
            ));
        }
        let expected = ["plain", "two parts Some(9)", "plain again Some(64)"];
        assert_eq!(texts, expected);
    }
}

#[test]
fn an_echo_borrows_what_was_received() {
    let (left, right) = udp_pair("127.0.0.1:0");
    let server = udp("127.0.0.1:0");
    let to = server.local_address().unwrap();
    let client = udp("127.0.0.1:0");
    let (mut received, mut answers) =
        (RecvBatch::new(16, 64).unwrap(), SendBatch::new(16).unwrap());
    for round in 0..5u8 {
        client.send_to(&[round], &to).unwrap();
        let mut messages = answers.messages();
        for message in server.recv_batch(&mut received).unwrap() {
            messages.push(message.data, Some(message.from)).unwrap();
        }
        server.send_batch_all(&mut messages).unwrap();
        let mut buf = [0; 8];
        assert_eq!(client.recv(&mut buf).unwrap().len, 1);
        assert_eq!(buf[0], round);
    }
    drop((left, right));
}

#[test]
fn one_bad_destination_is_skipped() {
    let receiver = udp("127.0.0.1:0");
    let good = receiver.local_address().unwrap();
    let sender = udp("127.0.0.1:0");
    let too_long = vec![0; 70_000];
    let mut batch = SendBatch::new(3).unwrap();
    let mut messages = batch.messages();
    messages.push(b"1", Some(&good)).unwrap();
    messages.push(&too_long, Some(&good)).unwrap();
    messages.push(b"3", Some(&good)).unwrap();
    let partial = sender.send_batch_all(&mut messages).unwrap_err();
    assert_eq!((partial.done, partial.error.errno()), (1, Errno::EMSGSIZE));
    messages.skip();
    sender.send_batch_all(&mut messages).unwrap();
    assert_eq!((messages.sent(), messages.sent_len(1)), (3, Some(0)));
    let mut received = RecvBatch::new(4, 8).unwrap();
    assert_eq!(receiver.recv_batch(&mut received).unwrap().len(), 2);
}

#[test]
fn segments_there_and_back() {
    let (left, right) = udp_pair("127.0.0.1:0");
    if !try_int(&right, libc::SOL_UDP, libc::UDP_GRO, 1, "UDP_GRO") {
        return;
    }
    let data: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let mut sends = SendBatch::new(2).unwrap();
    let mut batch = RecvBatch::with_control(4, 65_535, ControlBuilder::space(4)).unwrap();
    for _ in 0..3 {
        let mut messages = sends.messages();
        messages.push_segments(&data, 300, None).unwrap();
        messages.push(b"alone", None).unwrap();
        if let Err(partial) = left.send_batch_all(&mut messages) {
            eprintln!("skipped: UDP_SEGMENT: {partial}");
            return;
        }
        let mut came = Vec::new();
        while came.last() != Some(&b"alone".to_vec()) {
            for mut message in right
                .recv_batch_with(&mut batch, MsgFlags::empty(), soon())
                .unwrap()
            {
                came.extend(message.segments().map(<[u8]>::to_vec));
            }
        }
        let lens: Vec<_> = came.iter().map(Vec::len).collect();
        assert_eq!(lens, [300, 300, 300, 100, 5]);
        assert_eq!(came[..4].concat(), data);
    }
}

#[test]
fn descriptors_are_owned_by_the_batch_until_taken() {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let mut sent = tracked(4);
    let mut controls = Vec::new();
    for pair in sent.chunks(2) {
        let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(2) }>::new();
        control.push_fds(&fds(pair)).unwrap();
        controls.push(control);
    }
    let data = [IoSlice::new(b"x")];
    let mut sends = SendBatch::new(2).unwrap();
    let mut messages = sends.messages();
    for control in &controls {
        messages.push_message(&data, control, None).unwrap();
    }
    left.send_batch_all(&mut messages).unwrap();
    drop(controls);

    let mut batch = RecvBatch::with_control(4, 8, ControlBuilder::space_for_fds(2)).unwrap();
    let mut taken = Vec::new();
    for mut message in right.recv_batch(&mut batch).unwrap() {
        assert!(!message.control_truncated());
        taken.extend(message.take_fds().next());
    }
    assert_eq!(taken.len(), 2);
    assert!(taken.iter().all(|fd| is_cloexec(fd.as_fd())));
    sent.iter_mut().for_each(Tracked::close);
    assert!(!sent.iter_mut().any(Tracked::is_gone));
    // The next receive closes what the last one left, even where it brings nothing.
    let error = right
        .recv_batch_with(&mut batch, MsgFlags::DONTWAIT, Blocking)
        .unwrap_err();
    assert!(error.is_would_block());
    assert!(batch.is_empty());
    let gone: Vec<_> = sent.iter_mut().map(Tracked::is_gone).collect();
    assert_eq!(gone, [false, true, false, true]);
    drop(taken);
    assert!(all_gone(&mut sent));
}

#[test]
fn a_dropped_batch_closes_its_descriptors() {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let mut sent = tracked(3);
    left.send_fds(b"x", &fds(&sent)).unwrap();
    let mut batch = RecvBatch::with_control(2, 8, ControlBuilder::space_for_fds(1)).unwrap();
    let mut messages = right.recv_batch(&mut batch).unwrap();
    assert!(messages.next().unwrap().control_truncated());
    drop(batch);
    assert!(all_gone(&mut sent));
}

#[test]
fn descriptors_outside_the_unix_domain_are_refused() {
    let (left, _right) = udp_pair("127.0.0.1:0");
    let sent = tracked(1);
    let mut control = ControlBuilder::<{ ControlBuilder::space_for_fds(1) }>::new();
    control.push_fds(&fds(&sent)).unwrap();
    let data = [IoSlice::new(b"x")];
    let mut batch = SendBatch::new(1).unwrap();
    let mut messages = batch.messages();
    messages.push_message(&data, &control, None).unwrap();
    assert_eq!(left.send_batch(&mut messages), Err(Error::WrongFamily));
    let partial = left.send_batch_all(&mut messages).unwrap_err();
    assert_eq!(partial.error, Error::WrongFamily);
}

#[test]
fn the_wait_is_for_the_first_message_only() {
    let (left, right) = udp_pair("127.0.0.1:0");
    let mut batch = RecvBatch::new(8, 8).unwrap();
    let error = right
        .recv_batch_with(
            &mut batch,
            MsgFlags::empty(),
            Deadline::after(Duration::from_millis(20)),
        )
        .unwrap_err();
    assert_eq!(error, Error::TimedOut);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            left.send(b"x").unwrap();
        });
        // A blocking socket, eight slots, one message: it must not sleep for seven more.
        assert_eq!(right.recv_batch(&mut batch).unwrap().len(), 1);
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            left.send(b"x").unwrap();
        });
        let messages = right
            .recv_batch_with(&mut batch, MsgFlags::empty(), soon())
            .unwrap();
        assert_eq!(messages.len(), 1);
    });
}

#[test]
fn sends_wait_for_room_under_one_deadline() {
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let data = vec![0; 10_000];
    let mut batch = SendBatch::new(200).unwrap();
    let mut messages = batch.messages();
    for _ in 0..200 {
        messages.push(&data, None).unwrap();
    }
    let deadline = Deadline::after(Duration::from_millis(50));
    let partial = left
        .send_batch_all_with(&mut messages, MsgFlags::empty(), deadline)
        .unwrap_err();
    assert_eq!(partial.error, Error::TimedOut);
    assert!(partial.done > 0 && partial.done < 200, "{}", partial.done);
    assert_eq!(messages.sent(), partial.done);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut buf = vec![0; 10_000];
            for _ in 0..200 {
                assert_eq!(right.recv(&mut buf).unwrap().len, 10_000);
            }
        });
        left.send_batch_all_with(&mut messages, MsgFlags::empty(), soon())
            .unwrap();
    });
    assert_eq!(messages.sent(), 200);
}

#[test]
fn slots_of_a_caller() {
    let receiver = udp("127.0.0.1:0");
    set_int(&receiver, libc::SOL_IP, libc::IP_RECVTTL, 1);
    let to = receiver.local_address().unwrap();
    let sender = udp("127.0.0.1:0");
    let data: Vec<[u8; 2]> = (0..100u8).map(|index| [index, index]).collect();
    let slots = data.iter().map(|data| SendSlot {
        data,
        control: &[],
        to: Some(&to),
    });
    // More than one system call takes.
    let sent = fd::send_batch(sender.as_fd(), slots, MsgFlags::empty(), &mut Blocking).unwrap();
    assert_eq!(sent, 100);

    let mut arena = vec![MaybeUninit::new(0xee); 100 * 8];
    let mut control = vec![[MaybeUninit::new(0u8); 64]; 100];
    let mut seen = 0;
    while seen < 100 {
        let mut infos = [MessageInfo::default(); 100];
        let mut addresses = [Address::UNSPECIFIED; 100];
        let slots = arena
            .chunks_exact_mut(8)
            .zip(&mut control)
            .zip(addresses.iter_mut().zip(&mut infos))
            .map(|((data, control), (from, info))| RecvSlot {
                data,
                control,
                from: Some(from),
                info,
            });
        let flags = MsgFlags::TRUNC | MsgFlags::CMSG_CLOEXEC;
        let filled = fd::recv_batch(receiver.as_fd(), slots, flags, &mut soon()).unwrap();
        assert!(filled > 0 && filled <= SLOTS_MAX);
        for (info, address) in infos.iter().zip(&addresses).take(filled) {
            assert_eq!((info.len, info.control_len), (2, ControlBuilder::space(4)));
            assert_eq!(*address, sender.local_address().unwrap());
            seen += 1;
        }
        assert!(
            infos[filled..]
                .iter()
                .all(|info| *info == MessageInfo::default())
        );
        assert!(
            addresses[filled..]
                .iter()
                .all(|address| address.as_bytes().is_empty())
        );
    }
    let none = fd::recv_batch(
        receiver.as_fd(),
        std::iter::empty(),
        MsgFlags::DONTWAIT,
        &mut Blocking,
    );
    assert_eq!(none, Ok(0));
}

#[test]
fn a_send_from_slots_stops_at_the_first_error() {
    let receiver = udp("127.0.0.1:0");
    let to = receiver.local_address().unwrap();
    let sender = udp("127.0.0.1:0");
    let too_long = vec![0; 70_000];
    let slot = |data| SendSlot {
        data,
        control: &[],
        to: Some(&to),
    };
    let slots = [slot(b"1"), slot(&too_long), slot(b"3")];
    let send = |from: usize| {
        fd::send_batch(
            sender.as_fd(),
            slots[from..].iter().copied(),
            MsgFlags::empty(),
            &mut Blocking,
        )
    };
    assert_eq!(send(0), Ok(1));
    assert_eq!(send(1).unwrap_err().errno(), Errno::EMSGSIZE);
    assert_eq!(send(2), Ok(1));
}

#[test]
fn a_batch_moves_to_another_thread() {
    let (left, right) = udp_pair("127.0.0.1:0");
    let mut batch = RecvBatch::new(2, 8).unwrap();
    left.send(b"x").unwrap();
    let batch = std::thread::spawn(move || {
        assert_eq!(right.recv_batch(&mut batch).unwrap().len(), 1);
        batch
    });
    let mut batch = batch.join().unwrap();
    assert_eq!(batch.messages().next().unwrap().data, b"x");
}

#[test]
fn sizes_that_no_memory_has() {
    for (slots, len) in [(usize::MAX, 1), (1 << 40, 1 << 40), (2, usize::MAX)] {
        let error = RecvBatch::new(slots, len).unwrap_err();
        assert_eq!(error.errno(), Errno::ENOMEM);
    }
    assert_eq!(
        SendBatch::new(usize::MAX).unwrap_err().errno(),
        Errno::ENOMEM
    );
    let (_left, right) = udp_pair("127.0.0.1:0");
    assert_eq!(
        right
            .recv_batch(&mut RecvBatch::new(0, 8).unwrap())
            .unwrap()
            .len(),
        0
    );
}

/// tcp(7): with MSG_TRUNC the bytes are thrown away, and counted all the same.
#[test]
fn bytes_that_tcp_throws_away_show_nothing_of_the_heap() {
    let (client, server) = support::tcp_pair();
    client.send_all(&[7; 1000]).unwrap();
    drop(std::hint::black_box(vec![0xaa_u8; 1000]));
    let mut batch = RecvBatch::new(1, 1000).unwrap();
    let mut messages = server
        .recv_batch_with(&mut batch, MsgFlags::TRUNC, Blocking)
        .unwrap();
    let message = messages.next().unwrap();
    assert_eq!(message.data.len(), 1000);
    assert!(message.data.iter().all(|byte| *byte == 0));
}
