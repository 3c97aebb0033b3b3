//! Asynchronous endpoints on tokio's reactor (feature `tokio`).
