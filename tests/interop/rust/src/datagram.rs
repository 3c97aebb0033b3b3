//! The conversations without a connection.

use rsocket::Endpoint;

use crate::Outcome;
use crate::frames::{expect, expect_silence, expect_truncation, recv_message, welcome};

pub(crate) fn serve(endpoint: &Endpoint) -> Outcome {
    let mut buf = [0; 4096];
    loop {
        let (received, client) = endpoint.recv_from(&mut buf)?;
        if received.truncated() {
            return Err("datagram: truncated".into());
        }
        match &buf[..received.len] {
            b"hello" => endpoint.send_to(&welcome(client.port()), &client)?,
            b"long" => endpoint.send_to(&[b'y'; 1000], &client)?,
            b"" => endpoint.send_to(b"", &client)?,
            b"quiet" => {
                endpoint.send_to(b"bye", &client)?;
                return Ok(());
            }
            other => endpoint.send_to(other.len().to_string().as_bytes(), &client)?,
        };
    }
}

pub(crate) fn call(server: &Endpoint) -> Outcome {
    server.send(b"hello")?;
    expect(
        "welcome",
        &recv_message(server)?,
        &welcome(server.local_address()?.port()),
    )?;
    for len in [1, 10, 1000] {
        server.send(&vec![b'x'; len])?;
        expect("length", &recv_message(server)?, len.to_string().as_bytes())?;
    }
    expect_truncation(server)?;
    expect_silence(server)?;
    server.send(b"")?;
    expect("empty", &recv_message(server)?, b"")?;
    server.send(b"quiet")?;
    expect("bye", &recv_message(server)?, b"bye")
}
