//! The Rust side of the conversations: see `CONVERSATIONS.md`.

mod datagram;
mod descriptors;
mod frames;
mod links;
mod stream;

use std::process::ExitCode;

use rsocket::Endpoint;

/// Whatever went wrong: said on standard error, and the exit status.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match play(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust {}: {error}", words.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn play(words: &[&str]) -> Outcome {
    match words {
        ["links"] => links::print(),
        ["server", "stream", text] => stream::serve(&listen(text)?),
        ["client", "stream", text] => stream::call(&connect(text)?),
        ["server", "seqpacket", text] => stream::serve_messages(&listen(text)?),
        ["client", "seqpacket", text] => stream::call_messages(&connect(text)?),
        ["server", "datagram", text] => datagram::serve(&listen(text)?),
        ["client", "datagram", text] => datagram::call(&connect(text)?),
        ["server", "fds", text] => descriptors::serve(&listen(text)?),
        ["client", "fds", text] => descriptors::call(&connect(text)?),
        ["server", "credentials", text] => descriptors::serve_credentials(&listen(text)?),
        ["client", "credentials", text] => descriptors::call_credentials(&connect(text)?),
        _ => Err("usage: interop-peer (server|client) MEDIUM ADDRESS | links".into()),
    }
}

/// Listens (or, for datagrams, is bound) at the address, and says so.
fn listen(text: &str) -> Outcome<Endpoint> {
    let endpoint = rsocket::listen(text)?;
    match endpoint.local_address()?.port() {
        Some(port) => println!("ready {port}"),
        None => println!("ready"),
    }
    Ok(endpoint)
}

fn connect(text: &str) -> Outcome<Endpoint> {
    Ok(rsocket::connect(text)?)
}
