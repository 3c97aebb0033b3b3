//! Frames on a stream, and what both sides check.

use std::time::Duration;

use rsocket::{Deadline, Endpoint, Error, MsgFlags};

use crate::Outcome;

/// How long the client listens to silence.
const SILENCE: Duration = Duration::from_millis(30);

/// The bulk that goes over a stream.
pub(crate) fn bulk() -> Vec<u8> {
    (0..1u32 << 20)
        .map(|i| (i.wrapping_mul(31) % 251) as u8)
        .collect()
}

pub(crate) fn send_frame(endpoint: &Endpoint, frame: &[u8]) -> Outcome {
    endpoint.send_all(&u32::try_from(frame.len())?.to_be_bytes())?;
    endpoint.send_all(frame)?;
    Ok(())
}

pub(crate) fn recv_frame(endpoint: &Endpoint) -> Outcome<Vec<u8>> {
    let mut len = [0; 4];
    endpoint.recv_exact(&mut len)?;
    let mut frame = vec![0; u32::from_be_bytes(len) as usize];
    endpoint.recv_exact(&mut frame)?;
    Ok(frame)
}

pub(crate) fn expect(what: &str, got: &[u8], wanted: &[u8]) -> Outcome {
    if got == wanted {
        return Ok(());
    }
    let (got, wanted) = (
        String::from_utf8_lossy(got),
        String::from_utf8_lossy(wanted),
    );
    Err(format!("{what}: got {got:?}, expected {wanted:?}").into())
}

/// Nothing comes before the deadline, and the error says so.
pub(crate) fn expect_silence(endpoint: &Endpoint) -> Outcome {
    let deadline = Deadline::after(SILENCE);
    match endpoint.recv_with(&mut [0; 16], MsgFlags::empty(), deadline) {
        Err(Error::TimedOut) => Ok(()),
        other => Err(format!("silence: got {other:?}").into()),
    }
}

pub(crate) fn expect_end(endpoint: &Endpoint) -> Outcome {
    let received = endpoint.recv(&mut [0; 16])?;
    if received.len == 0 {
        Ok(())
    } else {
        Err("end of stream: data came".into())
    }
}

/// One message, whole.
pub(crate) fn recv_message(endpoint: &Endpoint) -> Outcome<Vec<u8>> {
    let mut buf = vec![0; 4096];
    let received = endpoint.recv(&mut buf)?;
    if received.truncated() {
        return Err("message: truncated".into());
    }
    buf.truncate(received.len);
    Ok(buf)
}

/// What `long` is answered by does not fit, and the library says so.
pub(crate) fn expect_truncation(endpoint: &Endpoint) -> Outcome {
    endpoint.send(b"long")?;
    let mut buf = [0; 100];
    let received = endpoint.recv(&mut buf)?;
    if received.truncated() && received.len == 100 && received.full_len == 1000 {
        Ok(())
    } else {
        Err(format!("truncation: got {received:?}").into())
    }
}

/// The peer's port as decimal text, 0 in the Unix domain.
pub(crate) fn welcome(port: Option<u16>) -> Vec<u8> {
    format!("welcome {}", port.unwrap_or(0)).into_bytes()
}
