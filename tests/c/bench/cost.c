/* One operation, as often as asked for: `cost VARIANT COUNT`. run.py counts what it takes. */
#define _GNU_SOURCE
#include <errno.h>
#include <rsocket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WITH_UV
#include <uv.h>
#endif

static char buf[64];
static int fds[2];
static rsocket_addr to, from;

static void need(int truth)
{
    if (!truth) {
        fprintf(stderr, "cost: an operation failed\n");
        exit(1);
    }
}

/* What stands beside each measured half: plain system calls. */
static void give(void) { need(send(fds[0], buf, 64, 0) == 64); }
static void take(void) { need(recv(fds[1], buf, 64, 0) == 64); }

static void nothing(void) { give(); take(); }
static void raw_send(void) { need(send(fds[0], buf, 64, MSG_NOSIGNAL) == 64); take(); }
static void our_send(void) { need(rsocket_send(fds[0], buf, 64, 0) == 64); take(); }
static void our_send_timeout(void)
{
    need(rsocket_send_timeout(fds[0], buf, 64, 0, 1000) == 64);
    take();
}
static void our_send_all(void)
{
    need(rsocket_send_all(fds[0], buf, 64, -1, NULL) == 0);
    take();
}
static void raw_recv(void) { give(); need(recv(fds[1], buf, 64, 0) == 64); }
static void our_recv(void) { give(); need(rsocket_recv(fds[1], buf, 64, 0) == 64); }
static void our_recv_timeout(void)
{
    give();
    need(rsocket_recv_timeout(fds[1], buf, 64, 0, 1000) == 64);
}
static void our_recv_all(void)
{
    give();
    need(rsocket_recv_all(fds[1], buf, 64, -1, NULL) == 0);
}

static void raw_would_block(void)
{
    need(recv(fds[1], buf, 64, MSG_DONTWAIT) < 0 && errno == EAGAIN);
}
static void our_would_block(void)
{
    need(rsocket_recv(fds[1], buf, 64, MSG_DONTWAIT) == -EAGAIN);
}
static void raw_local(void)
{
    from.len = sizeof from.ss;
    need(getsockname(fds[0], (struct sockaddr *)&from.ss, &from.len) == 0);
}
static void our_local(void) { need(rsocket_addr_local(fds[0], &from) == 0); }
static void raw_get(void)
{
    int value;
    socklen_t len = sizeof value;
    need(getsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &value, &len) == 0);
}
static void our_get(void)
{
    int value;
    need(rsocket_get(fds[0], RSOCKET_SO_SNDBUF, &value) == 0);
}
static void raw_set(void)
{
    int value = 1;
    need(setsockopt(fds[0], SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value) == 0);
}
static void our_set(void) { need(rsocket_set(fds[0], RSOCKET_SO_KEEPALIVE, 1) == 0); }

static void raw_send_to(void)
{
    need(sendto(fds[0], buf, 64, MSG_NOSIGNAL, (struct sockaddr *)&to.ss, to.len) == 64);
    take();
}
static void our_send_to(void)
{
    need(rsocket_send_to(fds[0], buf, 64, 0, &to) == 64);
    take();
}
static void raw_recv_from(void)
{
    give();
    from.len = sizeof from.ss;
    need(recvfrom(fds[1], buf, 64, 0, (struct sockaddr *)&from.ss, &from.len) == 64);
}
static void our_recv_from(void)
{
    give();
    need(rsocket_recv_from(fds[1], buf, 64, 0, &from) == 64);
}

#define BATCH 16
static rsocket_msg messages[BATCH];
static char space[BATCH][64];

static void raw_recv_batch(void)
{
    struct mmsghdr headers[BATCH];
    struct iovec iovs[BATCH];
    struct sockaddr_storage names[BATCH];
    for (int i = 0; i < BATCH; i++) {
        give();
        iovs[i].iov_base = space[i];
        iovs[i].iov_len = 64;
        memset(&headers[i], 0, sizeof headers[i]);
        headers[i].msg_hdr.msg_iov = &iovs[i];
        headers[i].msg_hdr.msg_iovlen = 1;
        headers[i].msg_hdr.msg_name = &names[i];
        headers[i].msg_hdr.msg_namelen = sizeof names[i];
    }
    need(recvmmsg(fds[1], headers, BATCH, MSG_WAITFORONE, NULL) == BATCH);
}
static void our_recv_batch(void)
{
    for (int i = 0; i < BATCH; i++) {
        give();
        messages[i].buf = space[i];
        messages[i].cap = 64;
    }
    need(rsocket_recv_batch(fds[1], messages, BATCH, 0, -1) == BATCH);
}

static void raw_send_batch(void)
{
    struct mmsghdr headers[BATCH];
    struct iovec iovs[BATCH];
    for (int i = 0; i < BATCH; i++) {
        iovs[i].iov_base = space[i];
        iovs[i].iov_len = 64;
        memset(&headers[i], 0, sizeof headers[i]);
        headers[i].msg_hdr.msg_iov = &iovs[i];
        headers[i].msg_hdr.msg_iovlen = 1;
        headers[i].msg_hdr.msg_name = &to.ss;
        headers[i].msg_hdr.msg_namelen = to.len;
    }
    need(sendmmsg(fds[0], headers, BATCH, MSG_NOSIGNAL) == BATCH);
    for (int i = 0; i < BATCH; i++)
        take();
}
static void our_send_batch(void)
{
    for (int i = 0; i < BATCH; i++) {
        messages[i].buf = space[i];
        messages[i].len = 64;
    }
    need(rsocket_send_batch(fds[0], messages, BATCH, 0, -1) == BATCH);
    for (int i = 0; i < BATCH; i++)
        take();
}

static int listener;
static rsocket_addr listening;

static void connect_one(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(connect(fd, (struct sockaddr *)&listening.ss, listening.len) == 0);
    close(fd);
}
static void raw_accept(void)
{
    int fd;
    connect_one();
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    need(fd >= 0);
    close(fd);
}
static void our_accept(void)
{
    int fd;
    connect_one();
    fd = rsocket_accept(listener, NULL, 0);
    need(fd >= 0);
    close(fd);
}
static void raw_accept_peer(void)
{
    int fd;
    connect_one();
    from.len = sizeof from.ss;
    fd = accept4(listener, (struct sockaddr *)&from.ss, &from.len, SOCK_CLOEXEC);
    need(fd >= 0);
    close(fd);
}
static void our_accept_peer(void)
{
    int fd;
    connect_one();
    fd = rsocket_accept(listener, &from, 0);
    need(fd >= 0);
    close(fd);
}

#ifdef WITH_UV
static uv_loop_t loop;
static uv_pipe_t left, right;
static int arrived;

static void uv_room(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    (void)handle;
    (void)size;
    *out = uv_buf_init(buf, 64);
}
static void uv_came(uv_stream_t *stream, ssize_t n, const uv_buf_t *data)
{
    (void)stream;
    (void)data;
    arrived |= n == 64; /* a full buffer is followed by a read that finds nothing */
}
static void uv_start(void)
{
    uv_loop_init(&loop);
    uv_pipe_init(&loop, &left, 0);
    uv_pipe_init(&loop, &right, 0);
    need(uv_pipe_open(&left, fds[0]) == 0 && uv_pipe_open(&right, fds[1]) == 0);
}
static void uv_send(void)
{
    uv_buf_t data = uv_buf_init(buf, 64);
    need(uv_try_write((uv_stream_t *)&left, &data, 1) == 64);
    take();
}
static void uv_recv(void)
{
    give();
    arrived = 0;
    while (!arrived)
        uv_run(&loop, UV_RUN_ONCE);
}
#endif

static void on_pair(int type)
{
    need(rsocket_pair(type, 0, fds) == 0);
}

static void on_udp(void)
{
    fds[0] = rsocket_listen("udp://127.0.0.1:0", 0);
    fds[1] = rsocket_listen("udp://127.0.0.1:0", 0);
    need(fds[0] >= 0 && fds[1] >= 0 && rsocket_addr_local(fds[1], &to) == 0);
    need(rsocket_dial(fds[0], &to, -1) == 0);
    for (int i = 0; i < BATCH; i++)
        messages[i].addr = to;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
        char where;
    } variants[] = {
        {"nothing", nothing, 's'},
        {"raw_send", raw_send, 's'},
        {"our_send", our_send, 's'},
        {"our_send_timeout", our_send_timeout, 's'},
        {"our_send_all", our_send_all, 's'},
        {"raw_recv", raw_recv, 's'},
        {"our_recv", our_recv, 's'},
        {"our_recv_timeout", our_recv_timeout, 's'},
        {"our_recv_all", our_recv_all, 's'},
        {"raw_would_block", raw_would_block, 's'},
        {"our_would_block", our_would_block, 's'},
        {"raw_local", raw_local, 's'},
        {"our_local", our_local, 's'},
        {"raw_get", raw_get, 's'},
        {"our_get", our_get, 's'},
        {"raw_set", raw_set, 's'},
        {"our_set", our_set, 's'},
        {"nothing_udp", nothing, 'u'},
        {"raw_send_to", raw_send_to, 'u'},
        {"our_send_to", our_send_to, 'u'},
        {"raw_recv_from", raw_recv_from, 'u'},
        {"our_recv_from", our_recv_from, 'u'},
        {"raw_recv_batch", raw_recv_batch, 'u'},
        {"our_recv_batch", our_recv_batch, 'u'},
        {"raw_send_batch", raw_send_batch, 'u'},
        {"our_send_batch", our_send_batch, 'u'},
        {"raw_accept", raw_accept, 'l'},
        {"our_accept", our_accept, 'l'},
        {"raw_accept_peer", raw_accept_peer, 'l'},
        {"our_accept_peer", our_accept_peer, 'l'},
#ifdef WITH_UV
        {"uv_send", uv_send, 'v'},
        {"uv_recv", uv_recv, 'v'},
#endif
    };
    if (argc != 3)
        return 2;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        if (strcmp(variants[i].name, argv[1]) != 0)
            continue;
        if (variants[i].where == 's' || variants[i].where == 'v')
            on_pair(SOCK_STREAM);
        else if (variants[i].where == 'u')
            on_udp();
        else {
            listener = rsocket_listen("unix-abstract:librsocket-cost", 0);
            need(listener >= 0 && rsocket_addr_local(listener, &listening) == 0);
        }
#ifdef WITH_UV
        if (variants[i].where == 'v') {
            uv_start();
            if (strcmp(argv[1], "uv_recv") == 0)
                uv_read_start((uv_stream_t *)&right, uv_room, uv_came);
        }
#endif
        for (long n = strtol(argv[2], NULL, 10); n > 0; n--)
            variants[i].run();
        return 0;
    }
    return 2;
}
