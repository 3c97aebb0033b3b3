/* The bare system calls of some rows: what no binding can go below. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char data[65536];
static int left, right, file;
static socklen_t len;
static struct sockaddr_storage name, own;
static socklen_t own_len;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

/* A socket with a name that the kernel chose. */
static void bind_own(int family, int kind)
{
    struct sockaddr_in inet = {.sin_family = AF_INET};
    struct sockaddr_in6 inet6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const sa_family_t unix_family = AF_UNIX;
    const void *here = &unix_family;
    socklen_t here_len = sizeof unix_family;

    inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET) {
        here = &inet;
        here_len = sizeof inet;
    } else if (family == AF_INET6) {
        here = &inet6;
        here_len = sizeof inet6;
    }
    left = socket(family, kind, 0);
    must(bind(left, here, here_len) == 0, "bind");
    own_len = sizeof own;
    must(getsockname(left, (struct sockaddr *)&own, &own_len) == 0, "getsockname");
}

static void there_and_back(size_t size)
{
    must(send(left, data, size, 0) == (ssize_t)size, "send");
    must(recv(right, data, size, 0) == (ssize_t)size, "recv");
}

static void one(void) { there_and_back(1); }
static void small(void) { there_and_back(64); }
static void page(void) { there_and_back(4096); }
static void large(void) { there_and_back(65536); }

/* What 64 lines of the rows on makefile move at once. */
static void line(void)
{
    static unsigned count;

    if (count++ % 64 == 0)
        there_and_back(64 * 26);
}

static void echo_of_a_line(void)
{
    there_and_back(7);
    must(send(right, data, 7, 0) == 7, "send");
    must(recv(left, data, sizeof data, 0) == 7, "recv");
}

static void own_name(void)
{
    len = sizeof name;
    must(getsockname(left, (struct sockaddr *)&name, &len) == 0, "getsockname");
}

static void option(void)
{
    int value;

    len = sizeof value;
    must(getsockopt(left, SOL_SOCKET, SO_RCVBUF, &value, &len) == 0, "getsockopt");
}

static void peer_name(void)
{
    len = sizeof name;
    must(getpeername(left, (struct sockaddr *)&name, &len) == 0, "getpeername");
}

static void set_option(void)
{
    int value = 1;

    must(setsockopt(left, SOL_SOCKET, SO_PASSCRED, &value, sizeof value) == 0, "setsockopt");
}

static void make(int family, int kind)
{
    must(close(socket(family, kind | SOCK_CLOEXEC, 0)) == 0, "socket");
}

static void make_tcp(void) { make(AF_INET, SOCK_STREAM); }
static void make_udp(void) { make(AF_INET, SOCK_DGRAM); }
static void make_unix(void) { make(AF_UNIX, SOCK_STREAM); }

static void make_pair(void)
{
    int fds[2];

    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
    close(fds[0]);
    close(fds[1]);
}

static void nothing(void) { must(recv(left, data, 64, MSG_DONTWAIT) == -1, "recv"); }

static void datagram(void)
{
    must(sendto(left, data, 64, 0, (struct sockaddr *)&own, own_len) == 64, "sendto");
    len = sizeof name;
    must(recvfrom(left, data, 2048, 0, (struct sockaddr *)&name, &len) == 64, "recvfrom");
}

static void message(void)
{
    struct iovec part = {data, 64}, room = {data, 2048};
    struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1};
    struct msghdr in = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &room,
                        .msg_iovlen = 1};

    must(sendmsg(left, &out, 0) == 64, "sendmsg");
    must(recvmsg(right, &in, 0) == 64, "recvmsg");
}

static void descriptor(void)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } sent = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}}, came;
    struct iovec part = {data, 1}, room = {data, 16};
    struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = sent.bytes,
                         .msg_controllen = sizeof sent.bytes};
    struct msghdr in = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &room,
                        .msg_iovlen = 1, .msg_control = came.bytes,
                        .msg_controllen = sizeof came.bytes};
    int passed;

    memcpy(CMSG_DATA(&sent.header), &file, sizeof file);
    must(sendmsg(left, &out, 0) == 1, "sendmsg");
    must(recvmsg(right, &in, 0) == 1, "recvmsg");
    memcpy(&passed, CMSG_DATA(&came.header), sizeof passed);
    must(close(passed) == 0, "close");
}

/* With the question for its size, and its position moved behind it, as Python has them. */
static void send_file(void)
{
    struct stat status;
    off_t offset = 0;

    must(fstat(file, &status) == 0, "fstat");
    must(sendfile(left, file, &offset, 4096) == 4096, "sendfile");
    must(lseek(file, offset, SEEK_SET) == 4096, "lseek");
    must(recv(right, data, 4096, MSG_WAITALL) == 4096, "recv");
}

/* Two connected sockets. */
static void connect_pair(int family)
{
    if (family == AF_UNIX) {
        int fds[2];

        must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, "socketpair");
        left = fds[0];
        right = fds[1];
        return;
    }
    bind_own(family, SOCK_STREAM);
    int listener = left, one = 1;

    must(listen(listener, 1) == 0, "listen");
    left = socket(family, SOCK_STREAM, 0);
    must(connect(left, (struct sockaddr *)&own, own_len) == 0, "connect");
    right = accept(listener, NULL, NULL);
    must(right >= 0, "accept");
    setsockopt(left, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    close(listener);
}

/* Two connected sockets, and a file to send through them. */
static void connect_and_open(int family)
{
    static FILE *opened;

    connect_pair(family);
    if (!opened) {
        opened = tmpfile();
        must(opened && ftruncate(fileno(opened), 4096) == 0, "tmpfile");
        file = fileno(opened);
    }
}

/* A listener, and its name in `own`. */
static void listen_own(int family)
{
    bind_own(family, SOCK_STREAM);
    must(listen(left, 1024) == 0, "listen");
}

static void listen_nonblocking(int family)
{
    int on = 1;

    listen_own(family);
    must(ioctl(left, FIONBIO, &on) == 0, "ioctl");
}

static void connect_accept_close(void)
{
    const int client = socket(own.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(connect(client, (struct sockaddr *)&own, own_len) == 0, "connect");
    len = sizeof name;
    must(close(accept4(left, (struct sockaddr *)&name, &len, SOCK_CLOEXEC)) == 0, "accept");
    close(client);
}

static void accept_nothing(void)
{
    len = sizeof name;
    must(accept4(left, (struct sockaddr *)&name, &len, SOCK_CLOEXEC) == -1, "accept");
}

/* A name that nobody listens on. */
static void close_own(int family)
{
    bind_own(family, SOCK_STREAM);
    close(left);
}

static void connect_refused(void)
{
    const int client = socket(own.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(connect(client, (struct sockaddr *)&own, own_len) == -1, "connect");
    close(client);
}

static void nobody(int family) { (void)family; left = right = -1; }
static void bind_stream(int family) { bind_own(family, SOCK_STREAM); }
static void bind_datagram(int family) { bind_own(family, SOCK_DGRAM); }

static const struct row {
    const char *name;
    void (*prepare)(int family);
    int family;
    void (*step)(void);
} rows[] = {
    {"tcp socket and close", nobody, 0, make_tcp},
    {"udp socket and close", nobody, 0, make_udp},
    {"unix socket and close", nobody, 0, make_unix},
    {"with socket()", nobody, 0, make_tcp},
    {"socketpair and close", nobody, 0, make_pair},
    {"getsockopt int", connect_pair, AF_UNIX, option},
    {"setsockopt int", connect_pair, AF_UNIX, set_option},
    {"getsockname v4", bind_stream, AF_INET, own_name},
    {"getsockname v6", bind_stream, AF_INET6, own_name},
    {"getsockname unix", bind_stream, AF_UNIX, own_name},
    {"getpeername v4", connect_pair, AF_INET, peer_name},
    {"getpeername v6", connect_pair, AF_INET6, peer_name},
    {"getpeername unix", connect_pair, AF_UNIX, peer_name},
    {"recv of nothing (EAGAIN)", connect_pair, AF_UNIX, nothing},
    {"accept of nothing (EAGAIN)", listen_nonblocking, AF_INET, accept_nothing},
    {"connect refused", close_own, AF_INET, connect_refused},
    {"connect+accept+close tcp", listen_own, AF_INET, connect_accept_close},
    {"connect+accept+close unix", listen_own, AF_UNIX, connect_accept_close},
    {"create_connection+accept+close", listen_own, AF_INET, connect_accept_close},
    {"unix send+recv_into 64 B", connect_pair, AF_UNIX, small},
    {"recv of 64 KiB where 64 B are there", connect_pair, AF_UNIX, small},
    {"udp v4 sendto+recvfrom", bind_datagram, AF_INET, datagram},
    {"udp v4 sendto+recvfrom_into", bind_datagram, AF_INET, datagram},
    {"udp v6 sendto+recvfrom", bind_datagram, AF_INET6, datagram},
    {"unix datagram sendto+recvfrom", bind_datagram, AF_UNIX, datagram},
    {"sendmsg+recvmsg", connect_pair, AF_UNIX, message},
    {"sendmsg+recvmsg_into", connect_pair, AF_UNIX, message},
    {"sendmsg+recvmsg with a descriptor", connect_and_open, AF_UNIX, descriptor},
    {"send_fds+recv_fds", connect_and_open, AF_UNIX, descriptor},
    {"makefile: readline", connect_pair, AF_UNIX, line},
    {"makefile: for line in file", connect_pair, AF_UNIX, line},
    {"makefile: for line in text file", connect_pair, AF_UNIX, line},
    {"makefile: echo of a line", connect_pair, AF_UNIX, echo_of_a_line},
    {"sendfile of 4 KiB", connect_and_open, AF_INET, send_file},
#define SIZE(family, text, size, step) \
    {text " send+recv " size " blocking", connect_pair, family, step}, \
    {text " send+recv " size " timeout", connect_pair, family, step}, \
    {text " send+recv " size " non-blocking", connect_pair, family, step}
    SIZE(AF_UNIX, "unix", "1 B", one),
    SIZE(AF_UNIX, "unix", "64 B", small),
    SIZE(AF_UNIX, "unix", "4 KiB", page),
    SIZE(AF_UNIX, "unix", "64 KiB", large),
    SIZE(AF_INET, "tcp", "1 B", one),
    SIZE(AF_INET, "tcp", "64 B", small),
    SIZE(AF_INET, "tcp", "4 KiB", page),
    SIZE(AF_INET, "tcp", "64 KiB", large),
};

/* Reads lines of a number of steps and the name of a row; writes nanoseconds per step, "-" for a
 * row that is not here. */
int main(void)
{
    static char line[256];
    const struct row *last = NULL;

    while (fgets(line, sizeof line, stdin)) {
        char *text;
        const long steps = strtol(line, &text, 10);
        const struct row *row = NULL;

        text[strcspn(text, "\n")] = '\0';
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (*text == ' ' && strcmp(rows[i].name, text + 1) == 0)
                row = &rows[i];
        if (!row || steps <= 0) {
            puts("-");
        } else {
            if (row != last) {
                row->prepare(row->family);
                last = row;
            }
            /* It has slept meanwhile: the caches are not its own. */
            for (long i = 0; i < steps / 4; i++)
                row->step();
            const double begun = now();
            for (long i = 0; i < steps; i++)
                row->step();
            printf("%.1f\n", (now() - begun) / (double)steps);
        }
        fflush(stdout);
    }
    return 0;
}
