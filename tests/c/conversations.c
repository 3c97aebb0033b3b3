/* A client and a server made from one URL each, over every family and type: what went in comes out,
 * with the peer's address, and the end of the stream or the message boundary where it belongs. */
#include "check.h"

static const struct {
    const char *listen;
    int messages; /* boundaries are kept */
    int connects; /* a connection is accepted */
} table[] = {
    {"tcp://127.0.0.1:0", 0, 1},
    {"tcp://[::1]:0", 0, 1},
    {"tcp://localhost:0", 0, 1},
    {"udp://127.0.0.1:0", 1, 0},
    {"udp://[::1]:0", 1, 0},
    {"unix:stream.sock", 0, 1},
    {"unix-seqpacket:packet.sock", 1, 1},
    {"unix-dgram:datagram.sock", 1, 0},
    {"unix-abstract:librsocket-%00-test", 0, 1},
    {"unix-abstract-seqpacket:librsocket-packet", 1, 1},
    {"unix-abstract-dgram:librsocket-datagram", 1, 0},
};

/* The URL of a listener whose port the kernel chose. */
static void url_of(const char *listened, int fd, char *url, size_t cap)
{
    rsocket_addr addr;
    char text[512];
    snprintf(url, cap, "%s", listened);
    if (strncmp(listened, "tcp:", 4) != 0 && strncmp(listened, "udp:", 4) != 0)
        return;
    MUST(rsocket_addr_local(fd, &addr));
    MUST(rsocket_addr_format(&addr, text, sizeof text));
    snprintf(url, cap, "%.3s://%s", listened, text);
}

static void converse(const char *listened, int messages, int connects)
{
    char url[600], in[64] = "", big[100000];
    rsocket_addr client_addr, seen, peer;
    int before = check_failures, server, l = MUST(rsocket_listen(listened, 0)), c;
    size_t done = 0;

    url_of(listened, l, url, sizeof url);
    c = MUST(rsocket_connect(url, 0, 5000));
    server = connects ? MUST(rsocket_accept(l, &peer, 0)) : l;
    CHECK((fcntl(c, F_GETFD) & FD_CLOEXEC) != 0 && (fcntl(server, F_GETFD) & FD_CLOEXEC) != 0);
    MUST(rsocket_addr_local(c, &client_addr));

    EXPECT(rsocket_send(c, "hello", 5, 0), 5);
    EXPECT(rsocket_recv_from(server, in, sizeof in, 0, &seen), 5);
    CHECK(strncmp(in, "hello", 5) == 0);
    if (connects) {
        /* A Unix-domain client has no name; TCP's does not come with the data. */
        CHECK(rsocket_addr_equal(&peer, &client_addr) == 1);
    } else {
        CHECK(seen.len > 2 && rsocket_addr_equal(&seen, &client_addr) == 1);
        EXPECT(rsocket_send_to(server, "reply", 5, 0, &seen), 5);
        EXPECT(rsocket_recv_timeout(c, in, sizeof in, 0, 5000), 5);
        CHECK(strncmp(in, "reply", 5) == 0);
    }
    if (messages) {
        EXPECT(rsocket_send(c, "again", 5, 0), 5);
        EXPECT(rsocket_send(c, "third", 5, 0), 5);
        EXPECT(rsocket_recv(server, in, 2, MSG_TRUNC), 5);
        CHECK(strncmp(in, "ag", 2) == 0);
        EXPECT(rsocket_recv(server, in, sizeof in, 0), 5);
        CHECK(strncmp(in, "third", 5) == 0);
        EXPECT(rsocket_send(c, NULL, 0, 0), 0);
        if (!connects)
            EXPECT(rsocket_recv_timeout(server, in, sizeof in, 0, 5000), 0);
    } else {
        memset(big, 'b', sizeof big);
        EXPECT(rsocket_send_all(c, big, 50000, 5000, &done), 0);
        CHECK(done == 50000);
        EXPECT(rsocket_shutdown(c, SHUT_WR), 0);
        EXPECT(rsocket_recv_all(server, big, sizeof big, 5000, &done), -ENODATA);
        CHECK(done == 50000);
        EXPECT(rsocket_recv(server, in, 1, 0), 0);
        EXPECT(rsocket_close(server), 0);
        EXPECT(rsocket_recv(c, in, 1, 0), 0);
        /* Gone: an error, and no SIGPIPE. */
        EXPECT(rsocket_send_all(c, big, sizeof big, 5000, NULL), -EPIPE);
        server = -1;
    }
    if (connects && server >= 0)
        EXPECT(rsocket_close(server), 0);
    EXPECT(rsocket_close(c), 0);
    EXPECT(rsocket_close(l), 0);
    if (check_failures != before)
        fprintf(stderr, "    at %s\n", listened);
}

static void vectored(void)
{
    int sv[2];
    char one[3] = "", two[8] = "";
    struct iovec out[2] = {{(void *)(size_t)"ab", 2}, {(void *)(size_t)"cdefg", 5}};
    struct iovec in[2] = {{one, 2}, {two, 5}};
    MUST(rsocket_pair(SOCK_SEQPACKET, 0, sv));
    EXPECT(rsocket_sendv(sv[0], out, 2, 0), 7);
    EXPECT(rsocket_recvv(sv[1], in, 2, 0), 7);
    CHECK(strcmp(one, "ab") == 0 && strcmp(two, "cdefg") == 0);
    EXPECT(rsocket_sendv(sv[0], out, 2, 0), 7);
    EXPECT(rsocket_recvv(sv[1], in, 1, MSG_TRUNC), 7);
    rsocket_closep(&sv[0]);
    CHECK(sv[0] == -1);
    EXPECT(rsocket_recvv(sv[1], in, 2, 0), 0);
    rsocket_closep(&sv[1]);
}

static void messages(void)
{
    int a = MUST(rsocket_listen("udp://127.0.0.1:0", 0));
    int b = MUST(rsocket_listen("udp://127.0.0.1:0", 0));
    char data[8] = "", room[64];
    struct iovec iov = {(void *)(size_t)"message", 7};
    struct msghdr msg;
    rsocket_addr to, from, name;
    MUST(rsocket_addr_local(b, &to));
    MUST(rsocket_addr_local(a, &name));
    memset(&msg, 0, sizeof msg);
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_name = &to.ss;
    msg.msg_namelen = to.len;
    EXPECT(rsocket_send_msg(a, &msg, 0, 1000), 7);
    iov.iov_base = data;
    iov.iov_len = 4;
    msg.msg_name = &from.ss;
    msg.msg_namelen = sizeof from.ss;
    msg.msg_control = room;
    msg.msg_controllen = sizeof room;
    EXPECT(rsocket_recv_msg(b, &msg, 0, 1000), 4);
    from.len = msg.msg_namelen;
    CHECK(strcmp(data, "mess") == 0 && (msg.msg_flags & MSG_TRUNC) != 0);
    CHECK(msg.msg_controllen == 0 && rsocket_addr_equal(&from, &name) == 1);
    EXPECT(rsocket_recv_msg(b, &msg, 0, 10), -ETIMEDOUT);
    EXPECT(rsocket_close(a), 0);
    EXPECT(rsocket_close(b), 0);
}

static void files(void)
{
    int sv[2], file = open("numbers", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    static char out[300000], in[300000];
    size_t done = 99;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (char)(i * 7 + i / 251);
    CHECK(file >= 0 && write(file, out, sizeof out) == (ssize_t)sizeof out);
    MUST(rsocket_pair(SOCK_STREAM, 0, sv));
    EXPECT(rsocket_send_file(sv[0], file, 1000, 5000, 1000, &done), 0);
    CHECK(done == 5000 && lseek(file, 0, SEEK_CUR) == (off_t)sizeof out);
    EXPECT(rsocket_recv_all(sv[1], in, 5000, 1000, NULL), 0);
    CHECK(memcmp(in, out + 1000, 5000) == 0);
    /* The file ends first; behind its end there is nothing. */
    EXPECT(rsocket_send_file(sv[0], file, sizeof out - 10, 100, -1, &done), 0);
    CHECK(done == 10);
    EXPECT(rsocket_send_file(sv[0], file, sizeof out + 10, 100, -1, NULL), 0);
    EXPECT(rsocket_recv_all(sv[1], in, 10, 1000, NULL), 0);
    /* Nobody reads: as much as there is room for, and no more. */
    EXPECT(rsocket_send_file(sv[0], file, 0, sizeof out, 50, &done), -ETIMEDOUT);
    CHECK(done > 0 && done < sizeof out);
    EXPECT(rsocket_recv_all(sv[1], in, done, 1000, NULL), 0);
    CHECK(memcmp(in, out, done) == 0);
    EXPECT(rsocket_close(sv[1]), 0);
    EXPECT(rsocket_send_file(sv[0], file, 0, 10, -1, &done), -EPIPE);
    CHECK(done == 0);
    EXPECT(rsocket_close(sv[0]), 0);
    CHECK(close(file) == 0 && unlink("numbers") == 0);
}

static void flags(void)
{
    char url[64];
    rsocket_addr addr;
    int l = tcp_listener(url, sizeof url), c, s, other;
    c = MUST(rsocket_connect(url, RSOCKET_NONBLOCK | RSOCKET_INHERIT, 5000));
    CHECK((fcntl(c, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(c, F_GETFD) & FD_CLOEXEC) == 0);
    EXPECT(rsocket_recv(c, url, 1, 0), -EAGAIN);
    s = MUST(rsocket_accept(l, NULL, RSOCKET_NONBLOCK));
    CHECK((fcntl(s, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(s, F_GETFD) & FD_CLOEXEC) != 0);
    EXPECT(rsocket_close(s), 0);
    EXPECT(rsocket_close(c), 0);
    EXPECT(rsocket_accept_timeout(l, &addr, 0, 20), -ETIMEDOUT);
    MUST(rsocket_addr_local(l, &addr));
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", rsocket_addr_port(&addr));
    EXPECT(rsocket_listen(url, 0), -EADDRINUSE);
    EXPECT(rsocket_close(l), 0);
    /* SO_REUSEADDR: at once again on the same port, though a connection of it lingers. */
    l = MUST(rsocket_listen(url, RSOCKET_REUSEPORT));
    other = MUST(rsocket_listen(url, RSOCKET_REUSEPORT));
    EXPECT(rsocket_close(other), 0);
    c = MUST(rsocket_dup(l, RSOCKET_INHERIT));
    CHECK((fcntl(c, F_GETFD) & FD_CLOEXEC) == 0);
    EXPECT(rsocket_close(c), 0);
    EXPECT(rsocket_close(l), 0);
    l = MUST(rsocket_listen("tcp://[::]:0", RSOCKET_V6ONLY | RSOCKET_NONBLOCK));
    EXPECT(rsocket_accept(l, NULL, 0), -EAGAIN);
    MUST(rsocket_addr_local(l, &addr));
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", rsocket_addr_port(&addr));
    EXPECT(rsocket_connect(url, 0, 1000), -ECONNREFUSED);
    EXPECT(rsocket_close(l), 0);
}

int main(void)
{
    char dir[] = "/tmp/rsocket-XXXXXX";
    int before = open_descriptors();
    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        return 1;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        converse(table[i].listen, table[i].messages, table[i].connects);
    vectored();
    messages();
    files();
    flags();
    CHECK(open_descriptors() == before);
    unlink("stream.sock");
    unlink("packet.sock");
    unlink("datagram.sock");
    if (chdir("/") != 0 || rmdir(dir) != 0)
        return 1;
    return report("conversations");
}
