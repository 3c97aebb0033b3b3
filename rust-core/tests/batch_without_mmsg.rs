//! Where the kernel lacks recvmmsg and sendmmsg, batches work by single calls and lose nothing, an
//! error behind the first message included.
//!
//! The test runs itself under strace(1), which answers the calls with ENOSYS.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::process::Command;

use rsocket::fd::{self, MessageInfo, RecvSlot, SendSlot};
use rsocket::{Blocking, Endpoint, Errno, Kind, MsgFlags, RecvBatch, SendBatch};

const CHILD: &str = "RSOCKET_TEST_WITHOUT_MMSG";

/// Runs one test of this file again where the calls in `inject` fail.
fn under_strace(test: &str, inject: &[&str]) {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null"]);
    command.args(["-e", "trace=recvmmsg,sendmmsg,recvmsg,sendmsg"]);
    for inject in inject {
        command.args(["-e", &format!("inject={inject}")]);
    }
    command.arg(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--test-threads=1"])
        .env(CHILD, "1");
    match command.output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            if text.contains("ptrace") && !output.status.success() {
                eprintln!("skipped: {text}");
                return;
            }
            let out = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{out}{text}");
            assert!(out.contains("1 passed"), "{out}");
        }
        Err(error) => eprintln!("skipped: strace: {error}"),
    }
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

const NO_MMSG: [&str; 2] = ["recvmmsg:error=ENOSYS", "sendmmsg:error=ENOSYS"];

#[test]
fn every_message_goes_and_comes() {
    if !is_child() {
        return under_strace("every_message_goes_and_comes", &NO_MMSG);
    }
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let mut sends = SendBatch::new(5).unwrap();
    let mut batch = RecvBatch::new(8, 8).unwrap();
    for _ in 0..3 {
        let mut messages = sends.messages();
        for data in [&b"1"[..], b"22", b"333"] {
            messages.push(data, None).unwrap();
        }
        assert_eq!(left.send_batch(&mut messages), Ok(3));
        let lens: Vec<_> = right
            .recv_batch(&mut batch)
            .unwrap()
            .map(|message| message.data.len())
            .collect();
        assert_eq!(lens, [1, 2, 3]);
    }
    let error = right
        .recv_batch_with(&mut batch, MsgFlags::DONTWAIT, Blocking)
        .unwrap_err();
    assert!(error.is_would_block());
}

#[test]
fn slots_of_a_caller_are_filled_one_at_a_time() {
    if !is_child() {
        return under_strace("slots_of_a_caller_are_filled_one_at_a_time", &NO_MMSG);
    }
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    let slots = [&b"1"[..], b"22"].map(|data| SendSlot {
        data,
        control: &[],
        to: None,
    });
    assert_eq!(
        fd::send_batch(left.as_fd(), slots, MsgFlags::empty(), &mut Blocking),
        Ok(2)
    );
    for expected in [1, 2] {
        let mut arena = [MaybeUninit::uninit(); 32];
        let mut infos = [MessageInfo::default(); 4];
        let slots = arena
            .chunks_exact_mut(8)
            .zip(&mut infos)
            .map(|(data, info)| RecvSlot {
                data,
                control: &mut [],
                from: None,
                info,
            });
        let filled = fd::recv_batch(right.as_fd(), slots, MsgFlags::empty(), &mut Blocking);
        assert_eq!((filled, infos[0].len), (Ok(1), expected));
    }
}

#[test]
fn an_error_behind_a_message_is_told_by_the_next_call() {
    let inject = [
        "recvmmsg:error=ENOSYS",
        "sendmmsg:error=ENOSYS",
        "recvmsg:error=ECONNREFUSED:when=3",
    ];
    if !is_child() {
        return under_strace(
            "an_error_behind_a_message_is_told_by_the_next_call",
            &inject,
        );
    }
    let (left, right) = Endpoint::pair(Kind::SEQPACKET).unwrap();
    for _ in 0..3 {
        left.send(b"x").unwrap();
    }
    let mut batch = RecvBatch::new(8, 8).unwrap();
    assert_eq!(right.recv_batch(&mut batch).unwrap().len(), 2);
    let error = right.recv_batch(&mut batch).unwrap_err();
    assert_eq!(error.errno(), Errno::ECONNREFUSED);
    assert!(batch.is_empty());
    assert_eq!(right.recv_batch(&mut batch).unwrap().len(), 1);
}
