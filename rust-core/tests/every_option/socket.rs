//! Options of every socket.

use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use rsocket::option::{self, BpfInstruction, TimestampingFlags, TxTime};
use rsocket::{Endpoint, Errno, Family, Kind, MsgFlags, Protocol};

use crate::check::{
    ADMIN, Checks, NEVER, NEW, NEW_ADMIN, errno, tcp, tcp_connection, udp, udp_pair,
};

/// `BPF_RET | BPF_K`: takes `len` bytes of every packet.
fn take(len: u32) -> [BpfInstruction; 1] {
    [BpfInstruction {
        code: 6,
        operand: len,
        ..BpfInstruction::default()
    }]
}

pub(crate) fn check(checks: &mut Checks) {
    switches(checks);
    numbers(checks);
    answers(checks);
    filters(checks);
    timestamps(checks);
    unix(checks);
}

fn switches(checks: &mut Checks) {
    let (tcp, udp) = (tcp(), udp());
    checks.toggles(&udp, option::Broadcast, NEVER);
    checks.toggles(&tcp, option::Debug, ADMIN);
    checks.toggles(&tcp, option::DontRoute, NEVER);
    checks.toggles(&tcp, option::KeepAlive, NEVER);
    checks.toggles(&udp, option::NoCheck, NEVER);
    checks.toggles(&tcp, option::NoFcs, NEVER);
    checks.toggles(&tcp, option::OobInline, NEVER);
    checks.toggles(&tcp, option::PreferBusyPoll, NEW_ADMIN);
    checks.toggles(&udp, option::RecvMark, NEW_ADMIN);
    checks.toggles(&udp, option::RecvPriority, NEW_ADMIN);
    checks.toggles(&udp, option::RecvQueueOverflow, NEVER);
    checks.toggles(&tcp, option::ReuseAddr, NEVER);
    checks.toggles(&tcp, option::ReusePort, NEVER);
    checks.toggles(&tcp, option::SelectErrQueue, NEVER);
    checks.toggles(&udp, option::WifiStatus, NEVER);
    checks.toggles(&tcp, option::ZeroCopy, NEVER);
}

fn numbers(checks: &mut Checks) {
    let (tcp, udp) = (tcp(), udp());
    checks.round_trip(&udp, option::BindToIfIndex, 1, ADMIN);
    checks.round_trip(&tcp, option::BufLock, 1, NEVER);
    checks.round_trip(&tcp, option::BusyPoll, Duration::from_micros(77), NEW_ADMIN);
    checks.sets(&tcp, option::BusyPollBudget, 4, NEW_ADMIN);
    checks.refuses(&tcp, option::BusyPollBudget, u32::MAX, Errno::EINVAL, NEW);
    checks.sets(&tcp, option::CnxAdvice, 1, NEVER);
    checks.round_trip(&tcp, option::IncomingCpu, Some(0), NEVER);
    checks.round_trip(&tcp, option::Linger, Some(Duration::from_secs(7)), NEVER);
    checks.changes(
        &tcp,
        option::Linger,
        Some(Duration::from_millis(1001)),
        Some(Duration::from_secs(2)),
        NEVER,
    );
    checks.round_trip(&tcp, option::Linger, Some(Duration::ZERO), NEVER);
    checks.round_trip(&tcp, option::Mark, 0x8000_0001, ADMIN);
    checks.round_trip(&tcp, option::MaxPacingRate, 5_000_000_000, NEVER);
    checks.round_trip(&tcp, option::Priority, 5, NEVER);
    checks.round_trip(&tcp, option::RecvLowWater, 100, NEVER);
    checks.changes(&udp, option::RecvBuffer, 10_000, 20_000, NEVER);
    checks.changes(&udp, option::SendBuffer, 10_000, 20_000, NEVER);
    for (set, get) in [(3_000_000, 6_000_000), (20_000, 40_000)] {
        if checks.sets(&udp, option::RecvBufferForce, set, ADMIN) {
            assert_eq!(udp.get(option::RecvBuffer), Ok(get));
        }
        if checks.sets(&udp, option::SendBufferForce, set, ADMIN) {
            assert_eq!(udp.get(option::SendBuffer), Ok(get));
        }
    }
    let micros = Duration::from_micros;
    // The kernel counts in its ticks, of 1 to 10 milliseconds, and rounds up.
    for timeout in [micros(1_240_000), micros(40_000)] {
        checks.round_trip(&tcp, option::RecvTimeout, Some(timeout), NEVER);
        checks.round_trip(&tcp, option::SendTimeout, Some(timeout), NEVER);
    }
    tcp.set(option::RecvTimeout, Some(Duration::ZERO)).unwrap();
    let least = tcp.get(option::RecvTimeout).unwrap();
    assert!(
        least.is_some_and(|time| time <= micros(10_000)),
        "not for ever: {least:?}"
    );
    tcp.set(option::RecvTimeout, Some(Duration::MAX)).unwrap();
    assert_eq!(
        tcp.get(option::RecvTimeout),
        Ok(None),
        "longer than the kernel counts"
    );
    checks.round_trip(&tcp, option::ReserveMem, 8192, NEW);
    checks.changes(&tcp, option::TxRehash, 0, 0, NEW);
    if checks.sets(&udp, option::BindToDevice, "lo", ADMIN) {
        assert_eq!(
            checks.gets(&udp, option::BindToDevice, NEVER).unwrap(),
            "lo"
        );
        assert_eq!(udp.get(option::BindToIfIndex), Ok(1));
        if checks.sets(&udp, option::BindToDevice, "", ADMIN) {
            assert_eq!(udp.get(option::BindToDevice).unwrap(), "");
        }
    }
    assert_eq!(
        errno(udp.set(option::BindToDevice, "nosuch0")),
        Some(Errno::ENODEV)
    );
}

fn answers(checks: &mut Checks) {
    let [client, _server, listener] = tcp_connection(|_| ());
    assert_eq!(
        checks.gets(&listener, option::AcceptConn, NEVER),
        Some(true)
    );
    assert_eq!(client.get(option::AcceptConn), Ok(false));
    checks
        .gets(&client, option::BpfExtensions, NEVER)
        .filter(|extensions| *extensions > 0)
        .unwrap();
    let cookie = checks.gets(&client, option::Cookie, NEVER).unwrap();
    assert_ne!(cookie, listener.get(option::Cookie).unwrap());
    checks.gets(&client, option::IncomingNapiId, NEW);
    let memory = checks.gets(&client, option::MemInfo, NEVER).unwrap();
    assert_eq!(
        memory.receive_buffer,
        client.get(option::RecvBuffer).unwrap()
    );
    assert_eq!(memory.send_buffer, client.get(option::SendBuffer).unwrap());
    let netns = checks.gets(&client, option::NetnsCookie, NEW);
    assert_eq!(netns, listener.get(option::NetnsCookie).ok());
    assert_eq!(checks.gets(&client, option::SendLowWater, NEVER), Some(1));
    assert_eq!(
        checks.gets(&client, option::SocketDomain, NEVER),
        Some(Family::INET)
    );
    assert_eq!(
        checks.gets(&client, option::SocketType, NEVER),
        Some(Kind::STREAM)
    );
    assert_eq!(
        checks.gets(&client, option::SocketProtocol, NEVER),
        Some(Protocol::TCP)
    );

    let (receiver, sender) = udp_pair("127.0.0.1:0").unwrap();
    drop(receiver);
    sender.send(b"nobody hears").unwrap();
    let mut error = None;
    for _ in 0..1000 {
        error = checks.gets(&sender, option::SocketError, NEVER).unwrap();
        if error.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(error, Some(Errno::ECONNREFUSED));
    assert_eq!(
        sender.get(option::SocketError),
        Ok(None),
        "cleared by asking"
    );
}

fn filters(checks: &mut Checks) {
    let (receiver, sender) = udp_pair("127.0.0.1:0").unwrap();
    // Long enough for what comes, short enough for what does not.
    let arrives = |within: Duration| {
        receiver.set(option::RecvTimeout, Some(within)).unwrap();
        sender.send(b"x").unwrap();
        receiver.recv(&mut [0; 8]).is_ok()
    };
    let (long, short) = (Duration::from_secs(10), Duration::from_millis(50));
    assert!(arrives(long));
    checks.sets(&receiver, option::AttachFilter, &take(0), NEVER);
    assert!(!arrives(short), "the program takes nothing");
    checks.sets(&receiver, option::AttachFilter, &take(u32::MAX), NEVER);
    assert!(arrives(long), "the program takes all");
    assert_eq!(
        errno(receiver.set(option::AttachFilter, &[])),
        Some(Errno::EINVAL)
    );
    let too_long = vec![BpfInstruction::default(); 70_000];
    assert_eq!(
        errno(receiver.set(option::AttachFilter, &too_long)),
        Some(Errno::EINVAL)
    );
    checks.sets(&receiver, option::DetachFilter, (), NEVER);
    assert_eq!(
        errno(receiver.set(option::DetachFilter, ())),
        Some(Errno::ENOENT)
    );
    checks.sets(&receiver, option::LockFilter, true, NEVER);
    assert_eq!(
        checks.gets(&receiver, option::LockFilter, NEVER),
        Some(true)
    );
    assert_eq!(
        errno(receiver.set(option::AttachFilter, &take(0))),
        Some(Errno::EPERM)
    );

    // A descriptor that is no program.
    let file = std::fs::File::open("/proc/self/status").unwrap();
    let unlocked = udp();
    checks.refuses(
        &unlocked,
        option::AttachBpf,
        file.as_fd(),
        Errno::EINVAL,
        NEW_ADMIN,
    );
    unlocked.set(option::ReusePort, true).unwrap();
    unlocked.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let program = option::AttachReusePortEbpf;
    checks.refuses(&unlocked, program, file.as_fd(), Errno::EINVAL, NEW_ADMIN);
    checks.sets(&unlocked, option::AttachReusePortCbpf, &take(0), NEVER);
    checks.sets(&unlocked, option::DetachReusePortBpf, (), NEW);
    assert_eq!(
        errno(unlocked.set(option::DetachReusePortBpf, ())),
        Some(Errno::ENOENT)
    );
}

fn timestamps(checks: &mut Checks) {
    let udp = udp();
    checks.toggles(&udp, option::Timestamp, NEVER);
    checks.toggles(&udp, option::TimestampNew, NEVER);
    checks.toggles(&udp, option::TimestampNs, NEVER);
    checks.toggles(&udp, option::TimestampNsNew, NEVER);
    let flags = TimestampingFlags::RX_SOFTWARE | TimestampingFlags::SOFTWARE;
    checks.round_trip(&udp, option::Timestamping, flags, NEVER);
    checks.round_trip(
        &udp,
        option::TimestampingNew,
        flags | TimestampingFlags::OPT_ID,
        NEVER,
    );
    let contradiction = TimestampingFlags::from_raw(1 << 31);
    assert_eq!(
        errno(udp.set(option::Timestamping, contradiction)),
        Some(Errno::EINVAL)
    );
    let monotonic = TxTime { clock: 1, flags: 2 };
    checks.round_trip(&udp, option::TransmitTime, monotonic, NEW_ADMIN);
}

fn unix(checks: &mut Checks) {
    let (left, right) = Endpoint::pair(Kind::STREAM).unwrap();
    if checks.sets(&left, option::Inq, true, NEW) {
        let (datagram, _) = Endpoint::pair(Kind::DGRAM).unwrap();
        assert_eq!(
            errno(datagram.set(option::Inq, true)),
            Some(Errno::ENOPROTOOPT)
        );
    }
    checks.toggles(&left, option::PassCred, NEVER);
    checks.toggles(&left, option::PassPidfd, NEW);
    checks.toggles(&left, option::PassRights, NEW);
    if left.set(option::PassRights, false).is_ok() {
        let refused = right.send_fds(b"x", &[right.as_fd()]);
        assert_eq!(errno(refused), Some(Errno::EPERM));
    }
    checks.toggles(&left, option::PassSec, NEW);
    checks.sets(&right, option::PeekOff, Some(3), NEVER);
    assert_eq!(checks.gets(&right, option::PeekOff, NEVER), Some(Some(3)));
    left.send_all(b"abcdef").unwrap();
    let mut buf = [0; 8];
    let peeked = right
        .recv_with(&mut buf, MsgFlags::PEEK, rsocket::Blocking)
        .unwrap();
    assert_eq!(&buf[..peeked.len], b"def");
    right.set(option::PeekOff, None).unwrap();
    assert_eq!(right.get(option::PeekOff), Ok(None));

    let credentials = checks.gets(&left, option::PeerCred, NEVER).unwrap();
    assert_eq!(u32::try_from(credentials.pid), Ok(std::process::id()));
    let groups = checks
        .gets(&left, option::PeerGroups, NEW)
        .unwrap_or_default();
    assert!(groups.len() < 65536);
    if let Some(pidfd) = checks.gets(&left, option::PeerPidFd, NEW) {
        let number = pidfd.as_raw_fd();
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
        let line = format!("Pid:\t{}", std::process::id());
        assert!(info.lines().any(|shown| shown == line), "{info}");
        assert!(info.contains("flags:\t020"), "close-on-exec: {info}");
    }
    if let Some(label) = checks.gets(&left, option::PeerSec, NEW) {
        assert!(!label.contains(&0), "{label:?}");
    }
}
