/* Batches of messages, options by their names, sockets from a service manager, peers. */
#include "check.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/wait.h>

static void batches(void)
{
    int a = MUST(rsocket_listen("udp://127.0.0.1:0", 0));
    int b = MUST(rsocket_listen("udp://127.0.0.1:0", 0));
    char out[200][12], in[100][4];
    rsocket_msg send[200], recv[100];
    rsocket_addr from, to;
    MUST(rsocket_addr_local(a, &from));
    MUST(rsocket_addr_local(b, &to));
    memset(send, 0, sizeof send);
    memset(recv, 0xff, sizeof recv);
    for (int i = 0; i < 200; i++) {
        snprintf(out[i], sizeof out[i], "%d", i);
        send[i].buf = out[i];
        send[i].len = strlen(out[i]);
        send[i].addr = to;
    }
    for (int i = 0; i < 100; i++) {
        recv[i].buf = in[i];
        recv[i].cap = 2;
    }
    EXPECT(rsocket_send_batch(a, send, 200, 0, 1000), 200);
    for (int k = 0; k < 200;) {
        int n = MUST(rsocket_recv_batch(b, recv, 100, 0, 1000));
        CHECK(n > 0 && n <= RSOCKET_BATCH_MAX);
        for (int i = 0; i < n; i++, k++) {
            size_t len = strlen(out[k]) < 2 ? strlen(out[k]) : 2;
            CHECK(recv[i].len == len && memcmp(in[i], out[k], len) == 0);
            CHECK(!(recv[i].flags & MSG_TRUNC) == (strlen(out[k]) <= 2));
            CHECK(rsocket_addr_equal(&recv[i].addr, &from) == 1);
        }
    }
    EXPECT(rsocket_recv_batch(b, recv, 100, 0, 10), -ETIMEDOUT);
    EXPECT(rsocket_recv_batch(b, recv, 100, MSG_DONTWAIT, 10), -EAGAIN);
    EXPECT(rsocket_send_batch(a, send, 0, 0, 0), 0);
    /* With MSG_TRUNC the length is the whole one; the addresses of the last batch do not stay. */
    EXPECT(rsocket_send_batch(a, send + 199, 1, 0, 0), 1);
    EXPECT(rsocket_recv_batch(b, recv, 1, MSG_TRUNC, 1000), 1);
    CHECK(recv[0].len == 3);
    /* A bad one in the middle: those before it go, the next call tells. */
    send[2].addr.len = 7;
    EXPECT(rsocket_send_batch(a, send, 5, 0, 0), 2);
    EXPECT(rsocket_send_batch(a, send + 2, 3, 0, 0), -EINVAL);
    /* What no kernel could look at is refused before any goes. */
    send[2].addr.len = 200;
    EXPECT(rsocket_send_batch(a, send, 5, 0, 0), -EINVAL);
    send[2].addr = to;
    send[2].buf = NULL;
    EXPECT(rsocket_send_batch(a, send, 5, 0, 0), -EFAULT);
    EXPECT(rsocket_recv_batch(b, recv, 100, 0, 1000), 2);
    /* Nothing at NULL is an empty datagram, and room for none takes one. */
    send[2].len = 0;
    EXPECT(rsocket_send_batch(a, send + 1, 2, 0, 0), 2);
    recv[0].buf = NULL;
    recv[0].cap = 0;
    recv[2].len = 77;
    EXPECT(rsocket_recv_batch(b, recv, 3, 0, 1000), 2);
    CHECK(recv[0].len == 0 && (recv[0].flags & MSG_TRUNC));
    CHECK(recv[1].len == 0 && !(recv[1].flags & MSG_TRUNC));
    CHECK(rsocket_addr_equal(&recv[1].addr, &from) == 1);
    CHECK(recv[2].len == 77);
    recv[1].buf = NULL;
    EXPECT(rsocket_recv_batch(b, recv, 2, 0, 0), -EFAULT);
    EXPECT(rsocket_recv_batch(b, NULL, 1, 0, 0), -EFAULT);
    EXPECT(rsocket_send_batch(a, NULL, 1, 0, 0), -EFAULT);
    EXPECT(rsocket_recv_batch(-1, recv, 1, 0, 0), -EBADF);
    EXPECT(rsocket_send_batch(-1, send, 1, 0, 0), -EBADF);
    EXPECT(rsocket_recv_batch(b, recv, 1, 0, -2), -EINVAL);
    EXPECT(rsocket_send_batch(a, send, 1, 0, -2), -EINVAL);
    EXPECT(rsocket_close(a), 0);
    EXPECT(rsocket_close(b), 0);
}

static void options(void)
{
    int fd = MUST(rsocket_open(AF_INET, SOCK_STREAM, 0, 0)), value = -1, sv[2];
    CHECK(RSOCKET_TCP_NODELAY == RSOCKET_OPTION(IPPROTO_TCP, TCP_NODELAY));
    CHECK(RSOCKET_SO_KEEPALIVE == RSOCKET_OPTION(SOL_SOCKET, SO_KEEPALIVE));
    EXPECT(rsocket_set(fd, RSOCKET_TCP_NODELAY, 1), 0);
    EXPECT(rsocket_get(fd, RSOCKET_TCP_NODELAY, &value), 0);
    CHECK(value == 1);
    EXPECT(rsocket_set(fd, RSOCKET_TCP_KEEPIDLE, 77), 0);
    EXPECT(rsocket_get(fd, RSOCKET_TCP_KEEPIDLE, &value), 0);
    CHECK(value == 77);
    EXPECT(rsocket_get(fd, RSOCKET_SO_TYPE, &value), 0);
    CHECK(value == SOCK_STREAM);
    EXPECT(rsocket_set(fd, RSOCKET_SO_TYPE, 1), -ENOPROTOOPT);
    EXPECT(rsocket_set(fd, RSOCKET_TCP_KEEPIDLE, 0), -EINVAL);
    EXPECT(rsocket_set(fd, 0, 1), -ENOPROTOOPT);
    EXPECT(rsocket_set(fd, -1, 1), -ENOPROTOOPT);
    EXPECT(rsocket_get(fd, 0x7fffffff, &value), -ENOPROTOOPT);
    /* SO_LINGER is a structure: setsockopt(2) has it. */
    EXPECT(rsocket_get(fd, RSOCKET_OPTION(SOL_SOCKET, SO_LINGER), &value), -ENOPROTOOPT);
    EXPECT(rsocket_get(fd, RSOCKET_SO_TYPE, NULL), -EFAULT);
    EXPECT(rsocket_set(-1, RSOCKET_TCP_NODELAY, 1), -EBADF);
    EXPECT(rsocket_get(-1, RSOCKET_TCP_NODELAY, &value), -EBADF);
    CHECK(value == SOCK_STREAM);
    EXPECT(rsocket_close(fd), 0);
    MUST(rsocket_pair(SOCK_STREAM, 0, sv));
    EXPECT(rsocket_set(sv[0], RSOCKET_TCP_NODELAY, 1), -EOPNOTSUPP);
    EXPECT(rsocket_close(sv[0]), 0);
    EXPECT(rsocket_close(sv[1]), 0);
}

static void peers(void)
{
    gid_t groups[256];
    int sv[2], pidfd, tcp = MUST(rsocket_listen("tcp://127.0.0.1:0", 0));
    size_t count = 256;
    char label[256];
    ssize_t n;
    MUST(rsocket_pair(SOCK_STREAM, 0, sv));
    pidfd = rsocket_peer_pidfd(sv[0]);
    if (pidfd >= 0) {
        struct pollfd living = {pidfd, POLLIN, 0};
        CHECK(poll(&living, 1, 0) == 0 && (fcntl(pidfd, F_GETFD) & FD_CLOEXEC) != 0);
        EXPECT(rsocket_close(pidfd), 0);
    } else {
        CHECK(pidfd == -ENOPROTOOPT);
    }
    EXPECT(rsocket_peer_pidfd(tcp), -EAFNOSUPPORT);
    EXPECT(rsocket_peer_pidfd(-1), -EBADF);
    EXPECT(rsocket_peer_groups(sv[0], groups, &count), 0);
    CHECK((int)count == getgroups(0, NULL));
    if (count > 0) {
        size_t none = 0;
        EXPECT(rsocket_peer_groups(sv[0], NULL, &none), -ERANGE);
        CHECK(none == count);
    }
    EXPECT(rsocket_peer_groups(sv[0], groups, NULL), -EFAULT);
    EXPECT(rsocket_peer_groups(tcp, groups, &count), -EAFNOSUPPORT);
    n = rsocket_peer_security(sv[0], label, sizeof label);
    CHECK(n >= 0 || n == -ENOPROTOOPT);
    EXPECT(rsocket_peer_security(tcp, label, sizeof label), -EAFNOSUPPORT);
    EXPECT(rsocket_close(sv[0]), 0);
    EXPECT(rsocket_close(sv[1]), 0);
    EXPECT(rsocket_close(tcp), 0);
}

/* In a child whose descriptors 3 and 4 are a listener and a file. */
static int activated(void)
{
    char number[16], name[8];
    int l = MUST(rsocket_listen("tcp://127.0.0.1:0", RSOCKET_INHERIT)), got;
    EXPECT(rsocket_activation_name(0, name, sizeof name), -ENOENT);
    EXPECT(rsocket_listen("activation:web", 0), -ENOENT);
    if (dup2(l, 3) != 3 || dup2(open("/dev/null", O_RDONLY), 4) != 4)
        return 1;
    snprintf(number, sizeof number, "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "web:a-long-name", 1);
    EXPECT(rsocket_activation_name(0, name, sizeof name), 3);
    CHECK(strcmp(name, "web") == 0);
    EXPECT(rsocket_activation_name(1, name, sizeof name), 11);
    CHECK(strcmp(name, "a-long-") == 0);
    EXPECT(rsocket_activation_name(2, name, sizeof name), -ENOENT);
    got = MUST(rsocket_listen("activation:web", 0));
    CHECK((fcntl(got, F_GETFD) & FD_CLOEXEC) != 0);
    EXPECT(rsocket_accept_timeout(got, NULL, 0, 0), -ETIMEDOUT);
    EXPECT(rsocket_listen("activation:web", 0), -ENOENT);
    EXPECT(rsocket_activation_take("nobody"), -ENOENT);
    EXPECT(rsocket_activation_take(NULL), -EFAULT);
    got = MUST(rsocket_activation_take("a-long-name"));
    EXPECT(rsocket_activation_take("a-long-name"), -ENOENT);
    setenv("LISTEN_FDS", "x", 1);
    EXPECT(rsocket_activation_name(0, name, sizeof name), -EINVAL);
    return check_failures != 0;
}

int main(void)
{
    int before, status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(activated());
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    before = open_descriptors();
    batches();
    options();
    peers();
    CHECK(open_descriptors() == before);
    return report("batches_and_options");
}
