/* Open descriptors over Unix-domain endpoints: owned, close-on-exec, never leaked, never more than
 * asked for; and who the peer is. */
#include "check.h"

#include <sys/resource.h>

static int same_file(int one, int other)
{
    struct stat a, b;
    return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

static void some(int type)
{
    int sv[2], fds[253], got[253], file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char data[8] = "";
    size_t n = 253;
    static const size_t counts[] = {0, 1, 2, 3, 100, 253};
    for (size_t i = 0; i < 253; i++)
        fds[i] = file;
    MUST(rsocket_pair(type, 0, sv));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int before = open_descriptors();
        memset(got, 0xff, sizeof got);
        EXPECT(rsocket_send_fds(sv[0], "data", 4, fds, counts[i], 1000), 4);
        n = 253;
        EXPECT(rsocket_recv_fds(sv[1], data, sizeof data, 0, got, &n, 1000), 4);
        CHECK(n == counts[i] && memcmp(data, "data", 4) == 0);
        CHECK(open_descriptors() == before + (int)counts[i]);
        for (size_t k = 0; k < n; k++) {
            CHECK(same_file(got[k], file) && (fcntl(got[k], F_GETFD) & FD_CLOEXEC) != 0);
            EXPECT(rsocket_close(got[k]), 0);
        }
        CHECK(n == 253 || got[n] == -1);
    }
    /* Exactly as many as there is room for, and one more: CMSG_SPACE would let that one in. */
    for (size_t room = 0; room < 4; room++) {
        for (size_t sent = 0; sent < 5; sent++) {
            int before = open_descriptors();
            got[0] = got[1] = got[2] = got[3] = -7;
            EXPECT(rsocket_send_fds(sv[0], "x", 1, fds, sent, 1000), 1);
            n = room;
            EXPECT(rsocket_recv_fds(sv[1], data, 1, 0, room == 0 ? NULL : got, &n, 1000),
                   sent > room ? -EMSGSIZE : 1);
            CHECK(n == (sent > room ? 0 : sent));
            for (size_t k = 0; k < n; k++)
                EXPECT(rsocket_close(got[k]), 0);
            for (size_t k = n; k < 4; k++)
                CHECK(got[k] == -7);
            CHECK(open_descriptors() == before);
        }
    }
    /* Looked at: another duplicate each time. */
    EXPECT(rsocket_send_fds(sv[0], "x", 1, fds, 1, 1000), 1);
    for (int flags = MSG_PEEK; flags >= 0; flags -= MSG_PEEK) {
        n = 1;
        EXPECT(rsocket_recv_fds(sv[1], data, 1, flags, got, &n, 1000), 1);
        CHECK(n == 1);
        EXPECT(rsocket_close(got[0]), 0);
    }
    /* Plain receives close what comes along. */
    {
        int before = open_descriptors();
        EXPECT(rsocket_send_fds(sv[0], "x", 1, fds, 3, 1000), 1);
        EXPECT(rsocket_recv(sv[1], data, 1, 0), 1);
        CHECK(open_descriptors() == before);
    }
    EXPECT(rsocket_close(sv[0]), 0);
    n = 1;
    EXPECT(rsocket_recv_fds(sv[1], data, 1, 0, got, &n, 1000), type == SOCK_DGRAM ? -ETIMEDOUT : 0);
    CHECK(n == 0);
    EXPECT(rsocket_close(sv[1]), 0);
    close(file);
}

/* At the limit of descriptors the kernel keeps those back that do not fit: seen, nothing leaked. */
static void limit(void)
{
    struct rlimit old, low;
    int sv[2], fds[8], got[8], file = open("/dev/null", O_RDONLY | O_CLOEXEC), before;
    char data[4];
    size_t n = 8;
    MUST(rsocket_pair(SOCK_SEQPACKET, 0, sv));
    for (int i = 0; i < 8; i++)
        fds[i] = file;
    EXPECT(rsocket_send_fds(sv[0], "x", 1, fds, 8, 1000), 1);
    before = open_descriptors();
    getrlimit(RLIMIT_NOFILE, &old);
    low = old;
    /* The next number, and three more. */
    low.rlim_cur = (rlim_t)fcntl(file, F_DUPFD, 0) + 4;
    close((int)low.rlim_cur - 4);
    setrlimit(RLIMIT_NOFILE, &low);
    EXPECT(rsocket_recv_fds(sv[1], data, sizeof data, 0, got, &n, 1000), -EMSGSIZE);
    setrlimit(RLIMIT_NOFILE, &old);
    CHECK(n == 0 && open_descriptors() == before);
    EXPECT(rsocket_close(sv[0]), 0);
    EXPECT(rsocket_close(sv[1]), 0);
    close(file);
}

static void who(void)
{
    int sv[2], l, c;
    rsocket_cred cred;
    memset(&cred, 0xff, sizeof cred);
    MUST(rsocket_pair(SOCK_STREAM, 0, sv));
    EXPECT(rsocket_peer_cred(sv[0], &cred), 0);
    CHECK(cred.pid == getpid() && cred.uid == geteuid() && cred.gid == getegid());
    CHECK(cred.reserved == 0);
    EXPECT(rsocket_close(sv[0]), 0);
    EXPECT(rsocket_close(sv[1]), 0);
    l = MUST(rsocket_listen("unix-abstract:librsocket-who", 0));
    c = MUST(rsocket_connect("unix-abstract:librsocket-who", 0, 1000));
    memset(&cred, 0xff, sizeof cred);
    EXPECT(rsocket_peer_cred(c, &cred), 0);
    CHECK(cred.pid == getpid());
    EXPECT(rsocket_close(c), 0);
    EXPECT(rsocket_close(l), 0);
}

/* Each message says who sent it, once that is asked for. */
static void each(void)
{
    int sv[2];
    char byte, room[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec iov = {&byte, 1};
    struct msghdr msg;
    rsocket_cred cred;
    MUST(rsocket_pair(SOCK_DGRAM, 0, sv));
    memset(&msg, 0, sizeof msg);
    memset(&cred, 0xff, sizeof cred);
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = room;
    msg.msg_controllen = sizeof room;
    MUST(rsocket_send(sv[0], "a", 1, 0));
    EXPECT(rsocket_recv_msg(sv[1], &msg, 0, 1000), 1);
    EXPECT(rsocket_msg_cred(&msg, &cred), -ENODATA);
    CHECK(cred.pid == -1);
    MUST(rsocket_set(sv[1], RSOCKET_SO_PASSCRED, 1));
    MUST(rsocket_send(sv[0], "b", 1, 0));
    msg.msg_controllen = sizeof room;
    EXPECT(rsocket_recv_msg(sv[1], &msg, 0, 1000), 1);
    EXPECT(rsocket_msg_cred(&msg, &cred), 0);
    CHECK(cred.pid == getpid() && cred.uid == geteuid() && cred.gid == getegid());
    EXPECT(rsocket_close(sv[0]), 0);
    EXPECT(rsocket_close(sv[1]), 0);
}

int main(void)
{
    int before = open_descriptors();
    some(SOCK_STREAM);
    some(SOCK_SEQPACKET);
    some(SOCK_DGRAM);
    /* Valgrind keeps the limit of descriptors to itself. */
    if (getenv("UNDER_VALGRIND") == NULL)
        limit();
    who();
    each();
    CHECK(open_descriptors() == before);
    return report("passed_descriptors");
}
