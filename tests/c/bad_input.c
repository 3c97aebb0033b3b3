/* Every kind of wrong argument, each with the error it gets. Nothing leaks a descriptor, nothing
 * crashes, and what was handed out before stays as it was. */
#include "check.h"

#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netdb.h>
#include <netinet/in.h>

/* Not constants, so that no compiler finds out what they are and warns. */
static char *volatile null_buf = NULL;
static int *volatile null_fds = NULL;
static volatile size_t size_max = SIZE_MAX;
static volatile size_t above_ssize_max = (size_t)SSIZE_MAX + 1;

static char buf[64];
static int closed_fd, file_fd, tcp_fd, udp_fd, stream[2], packet[2], datagram[2];
static rsocket_addr good, long_addr, none;

static void urls(void)
{
    static const struct {
        const char *url;
        int listen;
    } table[] = {
        {"", -EINVAL},
        {"tcp", -EINVAL},
        {"tcp:", -EINVAL},
        {"tcp://", -EINVAL},
        {"127.0.0.1:80", -EINVAL},
        {"://127.0.0.1:80", -EINVAL},
        {"gopher://127.0.0.1:80", -EINVAL},
        {"tcp://127.0.0.1", -EINVAL},
        {"tcp://127.0.0.1:", -EINVAL},
        {"tcp://127.0.0.1:65536", -EINVAL},
        {"tcp://127.0.0.1:-1", -EINVAL},
        {"tcp://127.0.0.1:080", -EINVAL},
        {"tcp://127.0.0.1:80x", -EINVAL},
        {"tcp://127.0.0.1:0x50", -EINVAL},
        {"tcp://127.0.0.1: 80", -EINVAL},
        {"tcp://127.1:80", -EINVAL},
        {"tcp://0177.0.0.1:80", -EINVAL},
        {"tcp://256.0.0.1:80", -EINVAL},
        {"tcp://::1:80", -EINVAL},
        {"tcp://[::1:80", -EINVAL},
        {"tcp://[::1]80", -EINVAL},
        {"tcp://[::1%25nosuchif0]:80", -EINVAL},
        {"tcp://127.0.0.1:80/path", -EINVAL},
        {"tcp://127.0.0.1:80?color=red", -EINVAL},
        {"tcp://127.0.0.1:80?reuse=1&reuse=1", -EINVAL},
        {"tcp://127.0.0.1:80?reuse=maybe", -EINVAL},
        {"unix:", -EINVAL},
        {"unix:/a%00b", -EINVAL},
        {"unix:/a%2", -EINVAL},
        {"unix:/a%zz", -EINVAL},
        {"unix:/a?mode=999", -EINVAL},
        {"netlink:nosuchprotocol", -EINVAL},
        {"netlink:route?groups=x", -EINVAL},
        {"vsock:2", -EINVAL},
        {"vsock:2:99999999999", -EINVAL},
        {"fd:", -EINVAL},
        {"fd:x", -EINVAL},
        {"fd:-1", -EINVAL},
        {"fd:2147483648", -EINVAL},
        {"fd:9999", -EBADF},
        {"unix:/nonexistent-directory/x", -ENOENT},
        {"unix:/nonexistent-directory/x?unlink=1", -EOPNOTSUPP},
        {"activation:nobody", -ENOENT},
        {"tcp://192.0.2.1:80", -EADDRNOTAVAIL},
    };
    char why[128];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int before = check_failures;
        EXPECT(rsocket_listen(table[i].url, 0), table[i].listen);
        if (table[i].listen == -EINVAL) {
            EXPECT(rsocket_connect(table[i].url, 0, 100), -EINVAL);
            CHECK(rsocket_url_why(table[i].url, why, sizeof why) > 0 && why[0] != '\0');
        } else {
            EXPECT(rsocket_url_why(table[i].url, why, sizeof why), 0);
            CHECK(why[0] == '\0');
        }
        if (check_failures != before)
            fprintf(stderr, "    the URL was \"%s\"\n", table[i].url);
    }
    EXPECT(rsocket_listen(NULL, 0), -EFAULT);
    EXPECT(rsocket_connect(NULL, 0, 0), -EFAULT);
    EXPECT(rsocket_url_why(NULL, why, sizeof why), -EFAULT);
    EXPECT(rsocket_url_why("x", null_buf, 8), -EFAULT);
    EXPECT(rsocket_url_why("x", why, above_ssize_max), -EINVAL);
    EXPECT(rsocket_connect("tcp://127.0.0.1:1", 0, -2), -EINVAL);
    EXPECT(rsocket_connect("tcp://127.0.0.1:1", 0, INT_MIN), -EINVAL);
    EXPECT(rsocket_connect("tcp://127.0.0.1:1", 0, 1000), -ECONNREFUSED);
    EXPECT(rsocket_connect("tcp://127.0.0.1:1", 0, INT_MAX), -ECONNREFUSED);
    EXPECT(rsocket_connect("unix:/nonexistent", 0, 1000), -ENOENT);
    EXPECT(rsocket_connect("unix:/dev/null", 0, 1000), -ECONNREFUSED);
    /* Without a name server nobody can say that there is no such name. */
    int unknown = rsocket_connect("tcp://name.invalid:80", 0, 1000);
    CHECK(unknown == RSOCKET_EAI_BASE + EAI_NONAME || unknown == RSOCKET_EAI_BASE + EAI_AGAIN);
    CHECK(errno == -unknown);
}

static void paths(void)
{
    char path[4096], url[4200];
    rsocket_addr addr;
    for (size_t len = 105; len <= 4000; len = len < 110 ? len + 1 : len * 2) {
        memset(path, 'x', len);
        memcpy(path, "/nonexistent/", 13);
        path[len] = '\0';
        snprintf(url, sizeof url, "unix:%s", path);
        EXPECT(rsocket_listen(url, 0), len <= 107 ? -ENOENT : -ENAMETOOLONG);
        EXPECT(rsocket_addr_parse(&addr, url), len <= 107 ? 0 : -ENAMETOOLONG);
        EXPECT(rsocket_addr_unix(&addr, path, len), len <= 107 ? 0 : -ENAMETOOLONG);
        path[0] = '\0';
        EXPECT(rsocket_addr_unix(&addr, path, len), len <= 108 ? 0 : -ENAMETOOLONG);
        snprintf(url, sizeof url, "unix-abstract:%s", path + 1);
        EXPECT(rsocket_addr_parse(&addr, url), len <= 108 ? 0 : -ENAMETOOLONG);
    }
    CHECK(rsocket_url_why(url, path, sizeof path) > 0 && strstr(path, "107") != NULL);
    EXPECT(rsocket_addr_unix(&addr, "a\0b", 3), -EINVAL);
    EXPECT(rsocket_addr_unix(&addr, "", 0), -EINVAL);
    EXPECT(addr.len, 0);
    EXPECT(rsocket_addr_unix(&addr, null_buf, 1), -EFAULT);
    EXPECT(rsocket_addr_unix(NULL, "a", 1), -EFAULT);
    EXPECT(rsocket_addr_unix(&addr, "a", above_ssize_max), -EINVAL);
}

static void flags(void)
{
    unsigned unknown[] = {1u << 2, 1u << 4, 1u << 16, 1u << 31, UINT_MAX};
    int out[2] = {-7, -7};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        unsigned bits = unknown[i];
        EXPECT(rsocket_connect("tcp://127.0.0.1:1", bits, 0), -EINVAL);
        EXPECT(rsocket_open(AF_INET, SOCK_STREAM, 0, bits), -EINVAL);
        EXPECT(rsocket_pair(SOCK_STREAM, bits, out), -EINVAL);
        EXPECT(rsocket_accept(tcp_fd, NULL, bits), -EINVAL);
        EXPECT(rsocket_accept_timeout(tcp_fd, NULL, bits, 0), -EINVAL);
        EXPECT(rsocket_dup(tcp_fd, bits), -EINVAL);
        if (bits != 1u << 2)
            EXPECT(rsocket_listen("tcp://127.0.0.1:0", bits), -EINVAL);
    }
    CHECK(out[0] == -7 && out[1] == -7);
    EXPECT(rsocket_dup(tcp_fd, RSOCKET_NONBLOCK), -EINVAL);
    EXPECT(rsocket_open(12345, SOCK_STREAM, 0, 0), -EAFNOSUPPORT);
    EXPECT(rsocket_open(-1, SOCK_STREAM, 0, 0), -EAFNOSUPPORT);
    EXPECT(rsocket_open(AF_INET, 77, 0, 0), -EINVAL);
    EXPECT(rsocket_open(AF_INET, INT_MAX, 0, 0), -EINVAL);
    EXPECT(rsocket_open(AF_INET, SOCK_STREAM, IPPROTO_UDP, 0), -EPROTONOSUPPORT);
    EXPECT(rsocket_pair(SOCK_STREAM, 0, NULL), -EFAULT);
    EXPECT(rsocket_pair(77, 0, out), -EINVAL);
}

/* Every call that takes a descriptor, with one that is no good. */
static void descriptor(int fd, int wanted)
{
    rsocket_addr addr;
    rsocket_cred cred;
    struct iovec iov = {buf, sizeof buf};
    struct msghdr msg;
    rsocket_msg one;
    gid_t groups[4];
    char label[8];
    size_t count = 1, done = 99;
    int got = -7;
    memset(&msg, 0, sizeof msg);
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    memset(&one, 0, sizeof one);
    one.buf = buf;
    one.cap = sizeof buf;
    one.len = 1;
    EXPECT(rsocket_accept(fd, &addr, 0), wanted);
    EXPECT(addr.len, 0);
    EXPECT(rsocket_accept(fd, NULL, 0), wanted);
    EXPECT(rsocket_accept_timeout(fd, &addr, 0, 0), wanted);
    EXPECT(addr.len, 0);
    EXPECT(rsocket_bind(fd, &good), wanted);
    EXPECT(rsocket_dial(fd, &good, 100), wanted);
    EXPECT(rsocket_dial(fd, &good, -1), wanted);
    EXPECT(rsocket_dial(fd, &good, 0), wanted);
    EXPECT(rsocket_shutdown(fd, SHUT_RD), wanted);
    EXPECT(rsocket_recv(fd, buf, sizeof buf, 0), wanted);
    EXPECT(rsocket_recv(fd, null_buf, 0, 0), wanted);
    EXPECT(rsocket_recv_timeout(fd, buf, sizeof buf, 0, 0), wanted);
    EXPECT(rsocket_recv_timeout(fd, buf, sizeof buf, 0, -1), wanted);
    EXPECT(rsocket_send(fd, buf, sizeof buf, 0), wanted);
    EXPECT(rsocket_send(fd, null_buf, 0, 0), wanted);
    EXPECT(rsocket_send_timeout(fd, buf, sizeof buf, 0, 0), wanted);
    EXPECT(rsocket_recv_from(fd, buf, sizeof buf, 0, &addr), wanted);
    EXPECT(addr.len, 0);
    EXPECT(rsocket_recv_from(fd, buf, sizeof buf, 0, NULL), wanted);
    EXPECT(rsocket_recv_from_timeout(fd, buf, sizeof buf, 0, &addr, 0), wanted);
    EXPECT(rsocket_send_to(fd, buf, sizeof buf, 0, &good), wanted);
    EXPECT(rsocket_send_to_timeout(fd, buf, sizeof buf, 0, &good, 0), wanted);
    EXPECT(rsocket_send_all(fd, buf, sizeof buf, -1, &done), wanted);
    EXPECT(done, 0);
    done = 99;
    EXPECT(rsocket_recv_all(fd, buf, sizeof buf, -1, &done), wanted);
    EXPECT(done, 0);
    done = 99;
    EXPECT(rsocket_send_file(fd, file_fd, 0, 8, -1, &done), wanted);
    EXPECT(done, 0);
    EXPECT(rsocket_recvv(fd, &iov, 1, 0), wanted);
    EXPECT(rsocket_sendv(fd, &iov, 1, 0), wanted);
    EXPECT(rsocket_recv_batch(fd, &one, 1, 0, 0), wanted);
    EXPECT(rsocket_send_batch(fd, &one, 1, 0, 0), wanted);
    EXPECT(rsocket_recv_msg(fd, &msg, 0, 0), wanted);
    EXPECT(rsocket_send_msg(fd, &msg, 0, 0), wanted);
    EXPECT(rsocket_send_fds(fd, "x", 1, &file_fd, 1, 0), wanted);
    EXPECT(rsocket_recv_fds(fd, buf, 1, 0, &got, &count, 0), wanted);
    CHECK(count == 0 && got == -7);
    EXPECT(rsocket_peer_cred(fd, &cred), wanted);
    EXPECT(rsocket_peer_pidfd(fd), wanted);
    EXPECT(rsocket_peer_groups(fd, groups, &count), wanted);
    EXPECT(rsocket_peer_security(fd, label, sizeof label), wanted);
    EXPECT(rsocket_set(fd, RSOCKET_SO_KEEPALIVE, 1), wanted);
    EXPECT(rsocket_get(fd, RSOCKET_SO_KEEPALIVE, &got), wanted);
    CHECK(got == -7);
    EXPECT(rsocket_nl_join(fd, 1), wanted);
    EXPECT(rsocket_nl_leave(fd, 1), wanted);
    EXPECT(rsocket_addr_local(fd, &addr), wanted);
    EXPECT(addr.len, 0);
    EXPECT(rsocket_addr_peer(fd, &addr), wanted);
    EXPECT(addr.len, 0);
    if (wanted == -EBADF) {
        EXPECT(rsocket_dup(fd, 0), wanted);
        EXPECT(rsocket_close(fd), wanted);
        EXPECT(rsocket_dial_wait(fd, 0), wanted);
    }
}

/* Every call that takes memory, with memory that is not there. */
static void memory(void)
{
    struct iovec iov = {NULL, 8};
    rsocket_cred cred;
    struct msghdr msg;
    size_t count = 1, done = 99;
    int fd = stream[0];
    memset(&msg, 0, sizeof msg);
    EXPECT(rsocket_recv(fd, null_buf, 8, 0), -EFAULT);
    EXPECT(rsocket_recv(fd, buf, size_max, 0), -EINVAL);
    EXPECT(rsocket_recv(fd, buf, above_ssize_max, 0), -EINVAL);
    EXPECT(rsocket_recv_timeout(fd, null_buf, 8, 0, 0), -EFAULT);
    EXPECT(rsocket_recv_timeout(fd, buf, size_max, 0, 0), -EINVAL);
    EXPECT(rsocket_recv_from(fd, null_buf, 8, 0, NULL), -EFAULT);
    EXPECT(rsocket_recv_from(fd, buf, size_max, 0, NULL), -EINVAL);
    EXPECT(rsocket_send(fd, null_buf, 8, 0), -EFAULT);
    EXPECT(rsocket_send(fd, buf, size_max, 0), -EINVAL);
    EXPECT(rsocket_send_timeout(fd, null_buf, 8, 0, 0), -EFAULT);
    EXPECT(rsocket_send_timeout(fd, buf, above_ssize_max, 0, 0), -EINVAL);
    EXPECT(rsocket_send_to(fd, null_buf, 8, 0, NULL), -EFAULT);
    EXPECT(rsocket_send_to(udp_fd, buf, 8, 0, &long_addr), -EINVAL);
    EXPECT(rsocket_send_all(fd, null_buf, 8, 0, &done), -EFAULT);
    EXPECT(done, 0);
    EXPECT(rsocket_send_all(fd, buf, size_max, 0, NULL), -EINVAL);
    EXPECT(rsocket_recv_all(fd, null_buf, 8, 0, NULL), -EFAULT);
    EXPECT(rsocket_recv_all(fd, buf, size_max, 0, NULL), -EINVAL);
    EXPECT(rsocket_recvv(fd, NULL, 1, 0), -EFAULT);
    EXPECT(rsocket_recvv(fd, &iov, -1, 0), -EINVAL);
    EXPECT(rsocket_recvv(fd, &iov, INT_MAX, MSG_DONTWAIT), -EMSGSIZE);
    EXPECT(rsocket_sendv(fd, NULL, 1, 0), -EFAULT);
    EXPECT(rsocket_sendv(fd, &iov, -1, 0), -EINVAL);
    /* Valgrind takes what the kernel is handed here for a mistake, and there it is one. */
    if (getenv("UNDER_VALGRIND") == NULL)
        EXPECT(rsocket_sendv(fd, &iov, 1, 0), -EFAULT);
    EXPECT(rsocket_sendv(fd, &iov, 1025, 0), -EMSGSIZE);
    EXPECT(rsocket_recv_msg(fd, NULL, 0, 0), -EFAULT);
    EXPECT(rsocket_send_msg(fd, NULL, 0, 0), -EFAULT);
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1025;
    EXPECT(rsocket_recv_msg(fd, &msg, 0, 0), -EMSGSIZE);
    EXPECT(rsocket_send_msg(fd, &msg, 0, 0), -EMSGSIZE);
    msg.msg_iovlen = size_max;
    EXPECT(rsocket_recv_msg(fd, &msg, 0, 0), -EMSGSIZE);
    EXPECT(rsocket_send_msg(fd, &msg, 0, 0), -EMSGSIZE);
    msg.msg_iov = NULL;
    msg.msg_iovlen = 1;
    EXPECT(rsocket_send_msg(fd, &msg, 0, 0), -EFAULT);
    msg.msg_iovlen = 0;
    msg.msg_controllen = 8;
    EXPECT(rsocket_send_msg(fd, &msg, 0, 0), -EFAULT);
    msg.msg_controllen = 0;
    msg.msg_name = &good;
    msg.msg_namelen = 129;
    EXPECT(rsocket_send_msg(udp_fd, &msg, 0, 0), -ENAMETOOLONG);
    EXPECT(rsocket_send_fds(fd, null_buf, 1, &file_fd, 1, 0), -EFAULT);
    EXPECT(rsocket_send_fds(fd, "x", 1, null_fds, 1, 0), -EFAULT);
    EXPECT(rsocket_send_fds(fd, "x", size_max, &file_fd, 1, 0), -EINVAL);
    EXPECT(rsocket_send_fds(fd, "x", 1, &file_fd, size_max, 0), -EINVAL);
    EXPECT(rsocket_recv_fds(fd, buf, 1, 0, NULL, &count, 0), -EFAULT);
    CHECK(count == 0);
    EXPECT(rsocket_recv_fds(fd, buf, 1, 0, NULL, NULL, 0), -EFAULT);
    EXPECT(rsocket_peer_cred(fd, NULL), -EFAULT);
    EXPECT(rsocket_msg_cred(NULL, &cred), -EFAULT);
    memset(&msg, 0, sizeof msg);
    EXPECT(rsocket_msg_cred(&msg, NULL), -EFAULT);
    EXPECT(rsocket_msg_cred(&msg, &cred), -ENODATA);
    msg.msg_controllen = 8;
    EXPECT(rsocket_msg_cred(&msg, &cred), -EFAULT);
    msg.msg_control = buf;
    msg.msg_controllen = above_ssize_max;
    EXPECT(rsocket_msg_cred(&msg, &cred), -EINVAL);
    EXPECT(rsocket_recv_from_timeout(fd, null_buf, 8, 0, NULL, 0), -EFAULT);
    EXPECT(rsocket_recv_from_timeout(fd, buf, size_max, 0, NULL, 0), -EINVAL);
    EXPECT(rsocket_send_to_timeout(fd, null_buf, 8, 0, NULL, 0), -EFAULT);
    EXPECT(rsocket_send_to_timeout(fd, buf, size_max, 0, NULL, 0), -EINVAL);
    EXPECT(rsocket_send_to_timeout(udp_fd, buf, 8, 0, &long_addr, 0), -EINVAL);
    EXPECT(rsocket_send_file(fd, -1, 0, 8, 0, &done), -EBADF);
    EXPECT(rsocket_send_file(fd, udp_fd, 0, 8, 0, &done), -ESPIPE);
    EXPECT(rsocket_send_file(fd, file_fd, UINT64_MAX, 8, 0, &done), -EINVAL);
    EXPECT(rsocket_recv_batch(fd, NULL, 1, 0, 0), -EFAULT);
    EXPECT(rsocket_send_batch(fd, NULL, 1, 0, 0), -EFAULT);
    count = 1;
    EXPECT(rsocket_peer_groups(fd, NULL, &count), -EFAULT);
    EXPECT(rsocket_peer_groups(fd, NULL, NULL), -EFAULT);
    EXPECT(rsocket_peer_security(fd, null_buf, 8), -EFAULT);
    EXPECT(rsocket_peer_security(fd, buf, above_ssize_max), -EINVAL);
    EXPECT(rsocket_get(fd, RSOCKET_SO_TYPE, NULL), -EFAULT);
    EXPECT(rsocket_activation_name(0, null_buf, 8), -EFAULT);
    EXPECT(rsocket_activation_name(UINT_MAX, buf, sizeof buf), -ENOENT);
    EXPECT(rsocket_activation_take(NULL), -EFAULT);
    EXPECT(rsocket_bind(fd, NULL), -EFAULT);
    EXPECT(rsocket_bind(fd, &long_addr), -EINVAL);
    EXPECT(rsocket_bind(fd, &none), -EINVAL);
    EXPECT(rsocket_dial(fd, NULL, 0), -EFAULT);
    EXPECT(rsocket_dial(fd, &long_addr, 0), -EINVAL);
    EXPECT(rsocket_addr_local(fd, NULL), -EFAULT);
    EXPECT(rsocket_addr_peer(fd, NULL), -EFAULT);
    rsocket_closep(NULL);

    /* NULL with nothing is fine. */
    EXPECT(rsocket_send(fd, null_buf, 0, 0), 0);
    EXPECT(rsocket_recv(fd, null_buf, 0, MSG_DONTWAIT), -EAGAIN);
    EXPECT(rsocket_send_all(fd, null_buf, 0, 0, NULL), 0);
    EXPECT(rsocket_recv_all(fd, null_buf, 0, 0, NULL), 0);
    EXPECT(rsocket_sendv(fd, NULL, 0, 0), 0);
}

static void timeouts(void)
{
    static const int wrong[] = {-2, -1000, INT_MIN};
    size_t count = 0;
    struct msghdr msg;
    memset(&msg, 0, sizeof msg);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int ms = wrong[i];
        EXPECT(rsocket_recv_timeout(stream[0], buf, 1, 0, ms), -EINVAL);
        EXPECT(rsocket_send_timeout(stream[0], buf, 1, 0, ms), -EINVAL);
        EXPECT(rsocket_recv_from_timeout(stream[0], buf, 1, 0, NULL, ms), -EINVAL);
        EXPECT(rsocket_send_to_timeout(stream[0], buf, 1, 0, NULL, ms), -EINVAL);
        EXPECT(rsocket_send_all(stream[0], buf, 1, ms, NULL), -EINVAL);
        EXPECT(rsocket_recv_all(stream[0], buf, 1, ms, NULL), -EINVAL);
        EXPECT(rsocket_accept_timeout(tcp_fd, NULL, 0, ms), -EINVAL);
        EXPECT(rsocket_dial(udp_fd, &good, ms), -EINVAL);
        EXPECT(rsocket_dial_wait(udp_fd, ms), -EINVAL);
        EXPECT(rsocket_send_fds(stream[0], "x", 1, NULL, 0, ms), -EINVAL);
        EXPECT(rsocket_recv_fds(stream[0], buf, 1, 0, NULL, &count, ms), -EINVAL);
        EXPECT(rsocket_send_msg(stream[0], &msg, 0, ms), -EINVAL);
        EXPECT(rsocket_recv_msg(stream[0], &msg, 0, ms), -EINVAL);
        EXPECT(rsocket_send_file(stream[0], file_fd, 0, 1, ms, NULL), -EINVAL);
        EXPECT(rsocket_recv_batch(stream[0], NULL, 0, 0, ms), -EINVAL);
        EXPECT(rsocket_send_batch(stream[0], NULL, 0, 0, ms), -EINVAL);
    }
    EXPECT(rsocket_recv_timeout(stream[0], buf, 1, 0, 0), -ETIMEDOUT);
    EXPECT(rsocket_recv_timeout(stream[0], buf, 1, MSG_DONTWAIT, 10), -EAGAIN);
    EXPECT(rsocket_accept_timeout(tcp_fd, NULL, 0, 0), -ETIMEDOUT);
    EXPECT(rsocket_recv_fds(stream[0], buf, 1, 0, NULL, &count, 0), -ETIMEDOUT);
    EXPECT(rsocket_dial_wait(udp_fd, 0), -ENOTCONN);
    EXPECT(rsocket_dial_wait(file_fd, 0), -ENOTSOCK);
}

static void fits(void)
{
    int fds[300], fd = MUST(rsocket_open(AF_INET, SOCK_STREAM, 0, 0)), one;
    rsocket_cred cred;
    rsocket_addr v6;
    size_t count = 1;
    for (size_t i = 0; i < 300; i++)
        fds[i] = file_fd;
    EXPECT(rsocket_send_fds(udp_fd, "x", 1, fds, 1, 0), -EAFNOSUPPORT);
    EXPECT(rsocket_recv_fds(udp_fd, buf, 1, 0, fds, &count, 0), -EAFNOSUPPORT);
    EXPECT(rsocket_peer_cred(tcp_fd, &cred), -EAFNOSUPPORT);
    EXPECT(rsocket_peer_cred(udp_fd, &cred), -EAFNOSUPPORT);
    EXPECT(rsocket_send_fds(packet[0], "x", 1, fds, 254, 0), -ETOOMANYREFS);
    EXPECT(rsocket_send_fds(packet[0], "x", 1, fds, 300, 0), -ETOOMANYREFS);
    EXPECT(rsocket_send_fds(stream[0], "", 0, fds, 1, 0), -EINVAL);
    EXPECT(rsocket_send_fds(packet[0], "x", 1, &closed_fd, 1, 0), -EBADF);
    one = -1;
    EXPECT(rsocket_send_fds(packet[0], "x", 1, &one, 1, 0), -EBADF);
    EXPECT(rsocket_recv(packet[1], buf, 1, MSG_DONTWAIT), -EAGAIN);
    MUST(rsocket_addr_parse(&v6, "[::1]:9"));
    EXPECT(rsocket_bind(fd, &v6), -EAFNOSUPPORT);
    EXPECT(rsocket_accept(fd, NULL, 0), -EINVAL);
    EXPECT(rsocket_accept(udp_fd, NULL, 0), -EOPNOTSUPP);
    EXPECT(rsocket_recv(fd, buf, 1, 0), -ENOTCONN);
    EXPECT(rsocket_send(fd, buf, 1, 0), -EPIPE);
    EXPECT(rsocket_send(udp_fd, buf, 1, 0), -EDESTADDRREQ);
    EXPECT(rsocket_addr_peer(fd, &v6), -ENOTCONN);
    EXPECT(rsocket_shutdown(fd, SHUT_RD), -ENOTCONN);
    EXPECT(rsocket_shutdown(stream[0], 3), -EINVAL);
    EXPECT(rsocket_shutdown(stream[0], -1), -EINVAL);
    EXPECT(rsocket_shutdown(stream[0], INT_MAX), -EINVAL);
    EXPECT(rsocket_send(datagram[0], buf, 0, 0), 0);
    EXPECT(rsocket_close(fd), 0);
    fd = MUST(rsocket_open(AF_UNIX, SOCK_STREAM, 0, 0));
    EXPECT(rsocket_peer_cred(fd, &cred), -ENOTCONN);
    EXPECT(rsocket_dial(fd, &good, 100), -EINVAL);
    EXPECT(rsocket_close(fd), 0);
}

static void addresses(void)
{
    rsocket_addr addr;
    char text[8];
    struct sockaddr sa;
    memset(&sa, 0, sizeof sa);
    memset(&addr, 0xff, sizeof addr);
    EXPECT(rsocket_addr_parse(NULL, "127.0.0.1:80"), -EFAULT);
    EXPECT(rsocket_addr_parse(&addr, NULL), -EFAULT);
    EXPECT(addr.len, 0);
    EXPECT(rsocket_addr_parse(&addr, ""), -EINVAL);
    EXPECT(rsocket_addr_parse(&addr, "tcp://127.0.0.1:80"), -EINVAL);
    EXPECT(rsocket_addr_parse(&addr, "localhost:80"), -EINVAL);
    EXPECT(rsocket_addr_from(&addr, NULL, 16), -EFAULT);
    EXPECT(rsocket_addr_from(&addr, &sa, 0), -EINVAL);
    EXPECT(rsocket_addr_from(&addr, &sa, 1), -EINVAL);
    EXPECT(rsocket_addr_from(&addr, &sa, 129), -EINVAL);
    EXPECT(rsocket_addr_from(&addr, &sa, (socklen_t)-1), -EINVAL);
    EXPECT(rsocket_addr_from(NULL, &sa, sizeof sa), -EFAULT);
    EXPECT(rsocket_addr_format(NULL, text, sizeof text), -EFAULT);
    EXPECT(rsocket_addr_format(&good, null_buf, 8), -EFAULT);
    EXPECT(rsocket_addr_format(&long_addr, text, sizeof text), -EINVAL);
    EXPECT(rsocket_addr_format(&good, text, above_ssize_max), -EINVAL);
    EXPECT(rsocket_addr_format(&good, null_buf, 0), 11);
    EXPECT(rsocket_addr_format(&good, text, sizeof text), 11);
    CHECK(strcmp(text, "127.0.0") == 0);
    EXPECT(rsocket_addr_equal(NULL, &good), -EFAULT);
    EXPECT(rsocket_addr_equal(&good, NULL), -EFAULT);
    EXPECT(rsocket_addr_equal(&good, &long_addr), -EINVAL);
    EXPECT(rsocket_addr_port(NULL), -EFAULT);
    EXPECT(rsocket_addr_port(&long_addr), -EINVAL);
    EXPECT(rsocket_addr_port(&none), -EAFNOSUPPORT);
    /* Shorter than its family's structure. */
    good.len = 7;
    EXPECT(rsocket_addr_port(&good), -EAFNOSUPPORT);
    CHECK(rsocket_addr_format(&good, text, sizeof text) > 0);
    good.len = sizeof(struct sockaddr_in);
}

static void netlink(void)
{
    static char room[65536];
    rsocket_nl nl;
    const struct nlmsghdr *message;
    size_t len = 0;
    memset(&nl, 0xff, sizeof nl);
    EXPECT(rsocket_nl_open(NULL, NETLINK_ROUTE, 0, room, sizeof room), -EFAULT);
    EXPECT(rsocket_nl_open(&nl, NETLINK_ROUTE, 0, null_buf, 64), -EFAULT);
    CHECK(nl.fd == -1);
    EXPECT(rsocket_nl_open(&nl, NETLINK_ROUTE, 0, room, 63), -EINVAL);
    EXPECT(rsocket_nl_open(&nl, NETLINK_ROUTE, 0, room, above_ssize_max), -EINVAL);
    EXPECT(rsocket_nl_open(&nl, 77, 0, room, sizeof room), -EPROTONOSUPPORT);
    EXPECT(rsocket_nl_open(&nl, -1, 0, room, sizeof room), -EPROTONOSUPPORT);
    EXPECT(rsocket_nl_request(&nl, RTM_GETLINK, 0, NULL, 0), -EBADF);
    EXPECT(rsocket_nl_next(&nl, &message, 0), -EBADF);
    CHECK(message == NULL);
    EXPECT(rsocket_nl_request(NULL, RTM_GETLINK, 0, NULL, 0), -EFAULT);
    EXPECT(rsocket_nl_next(NULL, &message, 0), -EFAULT);
    EXPECT(rsocket_nl_event(&nl, &message, 0), -EBADF);
    EXPECT(rsocket_nl_why(&nl, buf, sizeof buf), -EBADF);
    EXPECT(rsocket_nl_family(&nl, "nlctrl", 0), -EBADF);
    EXPECT(rsocket_nl_group(&nl, "nlctrl", "notify", 0), -EBADF);
    MUST(rsocket_nl_open(&nl, NETLINK_ROUTE, 0, room, sizeof room));
    EXPECT(rsocket_nl_request(&nl, RTM_GETLINK, 0, null_buf, 8), -EFAULT);
    EXPECT(rsocket_nl_request(&nl, RTM_GETLINK, 0, buf, size_max), -EINVAL);
    EXPECT(rsocket_nl_put(room, 64, NULL, 1, "x", 1), -EFAULT);
    EXPECT(rsocket_nl_put(null_buf, 64, &len, 1, "x", 1), -EFAULT);
    EXPECT(rsocket_nl_put(room, sizeof room, &len, 1, null_buf, 1), -EFAULT);
    EXPECT(rsocket_nl_put(room, sizeof room, &len, 1, "x", size_max), -EINVAL);
    EXPECT(rsocket_nl_put(room, size_max, &len, 1, "x", 1), -EINVAL);
    EXPECT(rsocket_nl_put(room, 7, &len, 1, "x", 1), -EMSGSIZE);
    EXPECT(rsocket_nl_put(room, sizeof room, &len, 1, room, 65532), -EMSGSIZE);
    len = SIZE_MAX;
    EXPECT(rsocket_nl_put(room, sizeof room, &len, 1, "x", 1), -EMSGSIZE);
    CHECK(len == SIZE_MAX);
    EXPECT(rsocket_nl_why(NULL, room, sizeof room), -EFAULT);
    EXPECT(rsocket_nl_why(&nl, null_buf, 8), -EFAULT);
    EXPECT(rsocket_nl_event(&nl, NULL, 0), -EFAULT);
    EXPECT(rsocket_nl_family(&nl, NULL, 0), -EFAULT);
    EXPECT(rsocket_nl_group(&nl, NULL, "x", 0), -EFAULT);
    EXPECT(rsocket_nl_next(&nl, NULL, 0), -EFAULT);
    EXPECT(rsocket_nl_next(&nl, &message, -2), -EINVAL);
    EXPECT(rsocket_nl_next(&nl, &message, 0), -ETIMEDOUT);
    EXPECT(rsocket_nl_request(&nl, 65535, 0, NULL, 0), 0);
    EXPECT(rsocket_nl_next(&nl, &message, 1000), -EOPNOTSUPP);
    EXPECT(rsocket_nl_next(&nl, &message, 1000), 0);
    EXPECT(rsocket_nl_request(&nl, RTM_GETLINK, NLM_F_DUMP, "x", 1), 0);
    EXPECT(rsocket_nl_next(&nl, &message, 1000), -EINVAL);
    EXPECT(rsocket_nl_request(&nl, RTM_GETLINK, NLM_F_DUMP, NULL, 0), 0);
    EXPECT(rsocket_nl_next(&nl, &message, 1000), 0);
    CHECK(rsocket_nl_attr(NULL, 0, NULL) == NULL);
    CHECK(rsocket_nl_nested(NULL, NULL) == NULL);
    CHECK(rsocket_nl_data(NULL, NULL) == NULL);
    EXPECT(rsocket_close(nl.fd), 0);
    EXPECT(rsocket_nl_request(&nl, RTM_GETLINK, 0, NULL, 0), -EBADF);
}

static void text(void)
{
    static const int codes[] = {INT_MIN, INT_MAX, -4096, 4096, -2999, -3999, 100000};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        CHECK(rsocket_strerror(codes[i]) != NULL && rsocket_strerror(codes[i])[0] != '\0');
        CHECK(strcmp(rsocket_errname(codes[i]), "UNKNOWN") == 0);
    }
    CHECK(strcmp(rsocket_strerror(-ECONNREFUSED), "Connection refused") == 0);
    CHECK(strcmp(rsocket_strerror(ECONNREFUSED), "Connection refused") == 0);
    CHECK(strcmp(rsocket_strerror(0), "Success") == 0);
    CHECK(strcmp(rsocket_errname(0), "0") == 0);
    CHECK(strcmp(rsocket_errname(-EAGAIN), "EAGAIN") == 0);
    CHECK(strcmp(rsocket_errname(RSOCKET_EAI_BASE - 3), "EAI_AGAIN") == 0);
    CHECK(strstr(rsocket_strerror(RSOCKET_EAI_BASE - 2), "not known") != NULL);
    for (int code = 1; code < 134; code++)
        CHECK(rsocket_strerror(-code) == rsocket_strerror(code));
}

int main(void)
{
    char url[64];
    int before;
    setenv("LC_ALL", "C", 1);
    tcp_fd = tcp_listener(url, sizeof url);
    udp_fd = MUST(rsocket_listen("udp://127.0.0.1:0", 0));
    MUST(rsocket_pair(SOCK_STREAM, 0, stream));
    MUST(rsocket_pair(SOCK_SEQPACKET, 0, packet));
    MUST(rsocket_pair(SOCK_DGRAM, 0, datagram));
    file_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    /* A number that nothing else will get. */
    closed_fd = 900;
    MUST(rsocket_addr_parse(&good, "127.0.0.1:9"));
    long_addr = good;
    long_addr.len = sizeof long_addr.ss + 1;
    before = open_descriptors();

    urls();
    flags();
    descriptor(-1, -EBADF);
    descriptor(INT_MIN, -EBADF);
    descriptor(INT_MAX, -EBADF);
    descriptor(closed_fd, -EBADF);
    descriptor(file_fd, -ENOTSOCK);
    memory();
    timeouts();
    fits();
    addresses();
    netlink();
    text();
    paths();
    CHECK(open_descriptors() == before);
    return report("bad_input");
}
