//! The conversations over connections: stream and seqpacket.

use std::net::Shutdown;

use rsocket::Endpoint;

use crate::Outcome;
use crate::frames::{
    bulk, expect, expect_end, expect_silence, expect_truncation, recv_frame, recv_message,
    send_frame, welcome,
};

pub(crate) fn serve(listener: &Endpoint) -> Outcome {
    let (client, peer) = listener.accept()?;
    expect("greeting", &recv_frame(&client)?, b"hello")?;
    send_frame(&client, &welcome(peer.port()))?;

    let mut received = vec![0; bulk().len()];
    client.recv_exact(&mut received)?;
    if received != bulk() {
        return Err("bulk: bytes differ".into());
    }
    let sum: u64 = received.iter().map(|byte| u64::from(*byte)).sum();
    send_frame(&client, sum.to_string().as_bytes())?;

    expect("quiet", &recv_frame(&client)?, b"quiet")?;
    expect_end(&client)?;
    send_frame(&client, b"bye")
}

pub(crate) fn call(server: &Endpoint) -> Outcome {
    send_frame(server, b"hello")?;
    expect(
        "welcome",
        &recv_frame(server)?,
        &welcome(server.local_address()?.port()),
    )?;

    let bulk = bulk();
    server.send_all(&bulk)?;
    let sum: u64 = bulk.iter().map(|byte| u64::from(*byte)).sum();
    expect("sum", &recv_frame(server)?, sum.to_string().as_bytes())?;

    expect_silence(server)?;
    send_frame(server, b"quiet")?;
    server.shutdown(Shutdown::Write)?;
    expect("bye", &recv_frame(server)?, b"bye")?;
    expect_end(server)
}

pub(crate) fn serve_messages(listener: &Endpoint) -> Outcome {
    let (client, _) = listener.accept()?;
    loop {
        let message = recv_message(&client)?;
        match message.as_slice() {
            b"hello" => client.send(&welcome(None))?,
            b"long" => client.send(&[b'y'; 1000])?,
            b"quiet" => break,
            other => client.send(other.len().to_string().as_bytes())?,
        };
    }
    expect_end(&client)?;
    client.send(b"bye")?;
    Ok(())
}

pub(crate) fn call_messages(server: &Endpoint) -> Outcome {
    server.send(b"hello")?;
    expect("welcome", &recv_message(server)?, &welcome(None))?;
    for len in [1, 10, 1000] {
        server.send(&vec![b'x'; len])?;
        expect("length", &recv_message(server)?, len.to_string().as_bytes())?;
    }
    expect_truncation(server)?;
    expect_silence(server)?;
    server.send(b"quiet")?;
    server.shutdown(Shutdown::Write)?;
    expect("bye", &recv_message(server)?, b"bye")?;
    expect_end(server)
}
