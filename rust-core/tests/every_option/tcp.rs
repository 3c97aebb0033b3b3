//! Options of TCP, and of TLS in the kernel.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use rsocket::option::{self, TcpMd5Key};
use rsocket::{Errno, Error};

use crate::check::{ADMIN, Checks, Lacks, NEVER, NEW, NEW_ADMIN, errno, tcp, tcp_connection};

pub(crate) fn check(checks: &mut Checks) {
    switches(checks);
    numbers(checks);
    fast_open(checks);
    connection(checks);
    repair(checks);
    tls(checks);
}

fn switches(checks: &mut Checks) {
    let tcp = tcp();
    checks.toggles(&tcp, option::TcpCork, NEVER);
    checks.toggles(&tcp, option::TcpInq, NEVER);
    checks.toggles(&tcp, option::TcpNoDelay, NEVER);
    checks.toggles(&tcp, option::TcpQuickAck, NEVER);
    checks.toggles(&tcp, option::TcpThinLinearTimeouts, NEVER);
    checks.sets(&tcp, option::TcpThinDupAck, true, NEVER);
    assert_eq!(checks.gets(&tcp, option::TcpThinDupAck, NEVER), Some(false));
    assert_ne!(
        checks.gets(&tcp, option::TcpIsMptcp, NEW),
        Some(true),
        "plain TCP"
    );
}

fn numbers(checks: &mut Checks) {
    let tcp = tcp();
    let seconds = Duration::from_secs;
    checks.round_trip(&tcp, option::TcpDeferAccept, seconds(1), NEVER);
    checks.round_trip(&tcp, option::TcpKeepCount, 4, NEVER);
    checks.round_trip(&tcp, option::TcpKeepIdle, seconds(33), NEVER);
    checks.round_trip(&tcp, option::TcpKeepInterval, seconds(44), NEVER);
    let (given, taken) = (Duration::from_millis(1), seconds(1));
    checks.changes(&tcp, option::TcpKeepIdle, given, taken, NEVER);
    assert_eq!(
        errno(tcp.set(option::TcpKeepIdle, Duration::ZERO)),
        Some(Errno::EINVAL)
    );
    assert_eq!(
        errno(tcp.set(option::TcpKeepIdle, Duration::MAX)),
        Some(Errno::EINVAL)
    );
    checks.round_trip(&tcp, option::TcpLinger2, Some(seconds(5)), NEVER);
    checks.round_trip(&tcp, option::TcpLinger2, None, NEVER);
    checks.round_trip(&tcp, option::TcpNotSentLowWater, 1000, NEVER);
    checks.round_trip(&tcp, option::TcpSaveSyn, 1, NEVER);
    checks.round_trip(&tcp, option::TcpSynCount, 3, NEVER);
    checks.round_trip(&tcp, option::TcpTxDelay, Duration::from_micros(1500), NEVER);
    let millis = Duration::from_millis;
    checks.round_trip(&tcp, option::TcpUserTimeout, Some(millis(12_345)), NEVER);
    let (given, taken) = (Some(Duration::ZERO), Some(millis(1)));
    checks.changes(&tcp, option::TcpUserTimeout, given, taken, NEVER);
    checks.round_trip(&tcp, option::TcpWindowClamp, 10_000, NEVER);
    checks.round_trip(&tcp, option::TcpRtoMax, seconds(60), NEW);
    checks.round_trip(&tcp, option::TcpRtoMin, millis(160), NEW);
    checks.round_trip(&tcp, option::TcpDelackMax, millis(20), NEW);

    let name = checks.gets(&tcp, option::TcpCongestion, NEVER).unwrap();
    assert_ne!(name, "");
    checks.sets(&tcp, option::TcpCongestion, "reno", NEVER);
    assert_eq!(tcp.get(option::TcpCongestion).unwrap(), "reno");
    assert_eq!(
        errno(tcp.set(option::TcpCongestion, "no-such")),
        Some(Errno::ENOENT)
    );

    let peer = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into();
    let key = TcpMd5Key {
        peer,
        key: b"secret",
    };
    if checks.sets(&tcp, option::TcpMd5Sig, key, NEW) {
        let none = TcpMd5Key { peer, key: b"" };
        tcp.set(option::TcpMd5Sig, none).unwrap();
        assert_eq!(errno(tcp.set(option::TcpMd5Sig, none)), Some(Errno::ENOENT));
    }
    let long = TcpMd5Key {
        peer,
        key: &[0; 81],
    };
    assert_eq!(errno(tcp.set(option::TcpMd5Sig, long)), Some(Errno::EINVAL));
}

fn fast_open(checks: &mut Checks) {
    let tcp = tcp();
    checks.round_trip(&tcp, option::TcpFastOpen, 5, NEVER);
    let disabled: Lacks = &[(
        Errno::EOPNOTSUPP,
        "net.ipv4.tcp_fastopen is off for clients",
    )];
    checks.toggles(&tcp, option::TcpFastOpenConnect, disabled);
    checks.toggles(&tcp, option::TcpFastOpenNoCookie, NEVER);
    let key = *b"sixteen bytes!!!";
    checks.sets(&tcp, option::TcpFastOpenKey, &key, NEVER);
    assert_eq!(
        &*checks.gets(&tcp, option::TcpFastOpenKey, NEVER).unwrap(),
        key
    );
    assert_eq!(
        errno(tcp.set(option::TcpFastOpenKey, b"short")),
        Some(Errno::EINVAL)
    );
}

fn connection(checks: &mut Checks) {
    let [client, server, listener] = tcp_connection(|listener| {
        listener.set(option::TcpSaveSyn, 1).unwrap();
        listener.set(option::TcpMaxSeg, 1000).unwrap();
    });
    let syn = checks.gets(&server, option::TcpSavedSyn, NEVER).unwrap();
    assert_eq!(syn.first(), Some(&0x45), "an IPv4 header: {syn:?}");
    assert!(
        server.get(option::TcpSavedSyn).unwrap().is_empty(),
        "given once"
    );
    let segment = checks.gets(&client, option::TcpMaxSeg, NEVER).unwrap();
    assert!((500..=1000).contains(&segment), "{segment}");
    checks.round_trip(&tcp(), option::TcpMaxSeg, 1001, NEVER);

    client.send_all(&[7; 5000]).unwrap();
    server.recv_exact(&mut [0; 5000]).unwrap();
    let info = checks.gets(&client, option::TcpInfo, NEVER).unwrap();
    assert_eq!((info.state, info.bytes_sent), (1, 5000));
    assert_eq!(server.get(option::TcpInfo).unwrap().bytes_received, 5000);
    assert_eq!(listener.get(option::TcpInfo).unwrap().state, 10);

    // Only some algorithms tell of themselves.
    let told = checks.gets(&client, option::TcpCcInfo, NEVER).unwrap();
    assert!(told.len() <= 64);
}

fn repair(checks: &mut Checks) {
    let closed = tcp();
    let may = checks.sets(&closed, option::TcpRepair, 1, ADMIN);
    if !may {
        let why = "repair mode needs CAP_NET_ADMIN";
        checks.skip(option::TcpRepairQueue, why);
        checks.skip(option::TcpQueueSeq, why);
        checks.skip(option::TcpTimestamp, why);
        checks.skip(option::TcpRepairOptions, why);
        checks.skip(option::TcpRepairWindow, why);
        return;
    }
    assert_eq!(checks.gets(&closed, option::TcpRepair, NEVER), Some(1));
    checks.sets(&closed, option::TcpRepairQueue, 2, NEVER);
    assert_eq!(checks.gets(&closed, option::TcpRepairQueue, NEVER), Some(2));
    checks.sets(&closed, option::TcpQueueSeq, 0x8000_1234, NEVER);
    assert_eq!(
        checks.gets(&closed, option::TcpQueueSeq, NEVER),
        Some(0x8000_1234)
    );
    checks.sets(&closed, option::TcpTimestamp, 1_000_000, NEVER);
    let stamp = checks.gets(&closed, option::TcpTimestamp, NEVER).unwrap();
    assert!((1_000_000..1_060_000).contains(&stamp), "{stamp}");
    closed.set(option::TcpRepair, -1).unwrap();
    assert_eq!(closed.get(option::TcpRepair), Ok(0));
    assert_eq!(
        errno(closed.set(option::TcpTimestamp, 1)),
        Some(Errno::EPERM)
    );

    let [client, _server, _listener] = tcp_connection(|_| ());
    client.set(option::TcpRepair, 1).unwrap();
    let window = checks
        .gets(&client, option::TcpRepairWindow, NEVER)
        .unwrap();
    assert_eq!(window.len(), 20);
    checks.sets(&client, option::TcpRepairWindow, &window, NEVER);
    // TCPOPT_MAXSEG with a largest segment of 1200 bytes: `struct tcp_repair_opt`.
    let maxseg = [2_u32.to_ne_bytes(), 1200_u32.to_ne_bytes()].concat();
    checks.sets(&client, option::TcpRepairOptions, &maxseg, NEVER);
    client.set(option::TcpRepair, -1).unwrap();
}

fn tls(checks: &mut Checks) {
    let no_tls: Lacks = &[(Errno::ENOENT, "the kernel has no TLS")];
    let [client, _server, _listener] = tcp_connection(|_| ());
    assert_eq!(checks.gets(&client, option::TcpUlp, NEVER).unwrap(), "");
    if !checks.sets(&client, option::TcpUlp, "tls", no_tls) {
        checks.skip_level(libc::SOL_TLS, "the kernel has no TLS");
        return;
    }
    assert_eq!(client.get(option::TcpUlp).unwrap(), "tls");
    // `struct tls12_crypto_info_aes_gcm_128`: version 1.3, cipher 51, then zeros as keys.
    let mut keys = [0; 40];
    keys[..2].copy_from_slice(&0x0304_u16.to_ne_bytes());
    keys[2..4].copy_from_slice(&51_u16.to_ne_bytes());
    let no_cipher: Lacks = &[
        (Errno::ENOENT, "the kernel does not have the cipher"),
        (Errno::EINVAL, "the kernel has no TLS 1.3"),
    ];
    if checks.sets(&client, option::TlsTx, &keys, no_cipher) {
        // Only where the interface encrypts.
        checks.toggles(
            &client,
            option::TlsTxZerocopyRo,
            &[(Errno::EINVAL, "the interface does not encrypt")],
        );
        assert!(
            matches!(client.set(option::TlsTx, &keys), Err(Error::Os { .. })),
            "set once"
        );
    } else {
        checks.skip(option::TlsTxZerocopyRo, "no keys");
    }
    if checks.sets(&client, option::TlsRx, &keys, no_cipher) {
        checks.toggles(&client, option::TlsRxExpectNoPad, NEW_ADMIN);
    } else {
        checks.skip(option::TlsRxExpectNoPad, "no keys");
    }
}
