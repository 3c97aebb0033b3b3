//! quinn-udp, which decodes type of service, packet information and more by itself.

use std::hint::black_box;
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};

use crate::Case;
use crate::fixture::{BATCH, LEN, Udp, times, udp_v4, udp_v6};
use crate::hand;

pub const CASES: &[Case] = &[
    ("send_to v4", |count| send_to(count, udp_v4())),
    ("send_to v6", |count| send_to(count, udp_v6())),
    ("recv batch", |count| {
        let (left, right, to) = udp_v4();
        let state = UdpSocketState::new((&right).into()).unwrap();
        let SocketAddr::V4(to) = to else {
            unreachable!()
        };
        let mut sends = hand::Batch::new(Some(&hand::native_v4(&to)));
        let mut buffers = [[0; LEN]; BATCH];
        let mut metas = [RecvMeta::default(); BATCH];
        times(count, || {
            sends.send(left.as_raw_fd());
            let mut slices: [_; BATCH] = {
                let mut buffers = buffers.iter_mut();
                std::array::from_fn(|_| IoSliceMut::new(buffers.next().unwrap()))
            };
            let came = state
                .recv((&right).into(), &mut slices, &mut metas)
                .unwrap();
            assert!(came == BATCH);
            for (slice, meta) in slices.iter().zip(&metas) {
                black_box(&slice[..meta.len]);
                black_box(meta.addr);
            }
        });
    }),
];

fn send_to(count: u64, (left, right, to): Udp) {
    let state = UdpSocketState::new((&left).into()).unwrap();
    right.set_nonblocking(false).unwrap();
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        let transmit = Transmit {
            destination: *black_box(&to),
            ecn: None,
            contents: black_box(&data),
            segment_size: None,
            src_ip: None,
        };
        state.try_send((&left).into(), &transmit).unwrap();
        hand::recv(right.as_raw_fd(), black_box(&mut buf));
    });
}
