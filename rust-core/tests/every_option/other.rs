//! Options of families that few programs use.

use std::time::Duration;

use rsocket::option;
use rsocket::{Address, Errno, Family, Kind, Protocol};

use crate::check::{Checks, Lacks, NEVER, NEW, errno};

pub(crate) fn check(checks: &mut Checks) {
    vsock(checks);
    crypto(checks);
    can(checks);
    xdp(checks);
}

fn vsock(checks: &mut Checks) {
    let Some(vsock) = checks.socket(Family::VSOCK, Kind::STREAM, Protocol::DEFAULT) else {
        return checks.skip_level(libc::AF_VSOCK, "no vsock");
    };
    // The limits first: the size is kept within them.
    checks.round_trip(&vsock, option::VsockBufferMaxSize, 300_000, NEVER);
    checks.round_trip(&vsock, option::VsockBufferMinSize, 1000, NEVER);
    checks.round_trip(&vsock, option::VsockBufferSize, 100_000, NEVER);
    checks.round_trip(
        &vsock,
        option::VsockConnectTimeout,
        Some(Duration::from_secs(5)),
        NEVER,
    );
}

/// `struct sockaddr_alg`: a type of 14 bytes, two numbers, a name of 64 bytes.
fn algorithm(kind: &str, name: &str) -> Address {
    let mut bytes = [0; 88];
    bytes[..2].copy_from_slice(&(libc::AF_ALG as u16).to_ne_bytes());
    bytes[2..2 + kind.len()].copy_from_slice(kind.as_bytes());
    bytes[24..24 + name.len()].copy_from_slice(name.as_bytes());
    Address::from_bytes(&bytes).unwrap()
}

fn crypto(checks: &mut Checks) {
    let socket = |checks: &mut Checks, kind: &str, name: &str| {
        let socket = checks.socket(Family::ALG, Kind::SEQPACKET, Protocol::DEFAULT)?;
        socket.bind(&algorithm(kind, name)).ok().map(|()| socket)
    };
    match socket(checks, "hash", "hmac(sha256)") {
        Some(hash) => {
            checks.sets(&hash, option::AlgSetKey, b"a key", NEVER);
            // No key has the serial number 0.
            checks.refuses(&hash, option::AlgSetKeyBySerial, 0, Errno::EINVAL, NEW);
        }
        None => {
            checks.skip(option::AlgSetKey, "no hmac(sha256)");
            checks.skip(option::AlgSetKeyBySerial, "no hmac(sha256)");
        }
    }
    match socket(checks, "aead", "gcm(aes)") {
        Some(aead) => {
            checks.sets(&aead, option::AlgSetAeadAuthSize, 12, NEVER);
            assert_eq!(
                errno(aead.set(option::AlgSetAeadAuthSize, 3)),
                Some(Errno::EINVAL)
            );
        }
        None => checks.skip(option::AlgSetAeadAuthSize, "no gcm(aes)"),
    }
    match socket(checks, "rng", "stdrng") {
        Some(rng) => {
            let untested: Lacks = &[
                (Errno::ENOPROTOOPT, "the kernel is not built to be tested"),
                (Errno::EACCES, "needs CAP_SYS_ADMIN"),
            ];
            checks.sets(&rng, option::AlgSetDrbgEntropy, &[1; 32], untested);
        }
        None => checks.skip(option::AlgSetDrbgEntropy, "no random numbers by AF_ALG"),
    }
}

fn can(checks: &mut Checks) {
    // CAN_RAW
    let Some(can) = checks.socket(Family::CAN, Kind::RAW, Protocol::from_raw(1)) else {
        return checks.skip_level(libc::SOL_CAN_RAW, "no CAN");
    };
    checks.toggles(&can, option::CanRawFdFrames, NEVER);
    checks.toggles(&can, option::CanRawJoinFilters, NEVER);
    checks.toggles(&can, option::CanRawLoopback, NEVER);
    checks.toggles(&can, option::CanRawRecvOwnMsgs, NEVER);
    checks.toggles(&can, option::CanRawXlFrames, NEW);
    checks.round_trip(&can, option::CanRawErrFilter, 0x20, NEVER);
    let filter = [0x123_u32.to_ne_bytes(), 0x7ff_u32.to_ne_bytes()].concat();
    checks.sets(&can, option::CanRawFilter, &filter, NEVER);
    assert_eq!(
        &*checks.gets(&can, option::CanRawFilter, NEVER).unwrap(),
        &*filter
    );
}

fn xdp(checks: &mut Checks) {
    let family = Family::from_raw(libc::AF_XDP);
    let Some(xdp) = checks.socket(family, Kind::RAW, Protocol::DEFAULT) else {
        return checks.skip_level(libc::SOL_XDP, "no AF_XDP");
    };
    assert!(
        checks
            .gets(&xdp, option::XdpMmapOffsets, NEVER)
            .unwrap()
            .len()
            >= 96
    );
    assert!(
        checks
            .gets(&xdp, option::XdpStatistics, NEVER)
            .unwrap()
            .len()
            >= 24
    );
    assert_eq!(checks.gets(&xdp, option::XdpOptions, NEVER), Some(0));
    checks.sets(&xdp, option::XdpRxRing, 64, NEVER);
    assert_eq!(errno(xdp.set(option::XdpTxRing, 63)), Some(Errno::EINVAL));
    checks.sets(&xdp, option::XdpTxRing, 64, NEVER);
    checks.sets(&xdp, option::XdpUmemFillRing, 64, NEVER);
    checks.sets(&xdp, option::XdpUmemCompletionRing, 64, NEVER);
    // A ring is made once.
    assert_eq!(
        errno(xdp.set(option::XdpUmemFillRing, 64)),
        Some(Errno::EINVAL)
    );
}
