/* The C side of the conversations: see CONVERSATIONS.md. */
#define _POSIX_C_SOURCE 200809L

#include <rsocket.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BULK = 1 << 20, SILENCE_MS = 30 };

/* Ends the program where a call or a comparison failed. */
static void fail(const char *what, const char *why)
{
    fprintf(stderr, "c: %s: %s\n", what, why);
    exit(1);
}

static ssize_t check(const char *what, ssize_t result)
{
    if (result < 0)
        fail(what, rsocket_strerror((int)result));
    return result;
}

static void expect(const char *what, const char *got, size_t len, const char *wanted)
{
    if (len != strlen(wanted) || memcmp(got, wanted, len) != 0) {
        fprintf(stderr, "c: %s: got \"%.*s\", expected \"%s\"\n", what, (int)len, got, wanted);
        exit(1);
    }
}

static void send_frame(int fd, const char *text)
{
    size_t len = strlen(text);
    unsigned char head[4] = {0, 0, (unsigned char)(len >> 8), (unsigned char)len};

    check("send frame", rsocket_send_all(fd, head, sizeof head, -1, NULL));
    check("send frame", rsocket_send_all(fd, text, len, -1, NULL));
}

static void expect_frame(int fd, const char *wanted)
{
    unsigned char head[4];
    char frame[256];
    size_t len;

    check("recv frame", rsocket_recv_all(fd, head, sizeof head, -1, NULL));
    len = (size_t)head[2] << 8 | head[3];
    if (head[0] || head[1] || len > sizeof frame)
        fail(wanted, "frame too long");
    check("recv frame", rsocket_recv_all(fd, frame, len, -1, NULL));
    expect("frame", frame, len, wanted);
}

/* One message, whole. */
static size_t recv_message(int fd, char *buf, size_t cap)
{
    size_t len = (size_t)check("recv", rsocket_recv(fd, buf, cap, MSG_TRUNC));

    if (len > cap)
        fail("message", "truncated");
    return len;
}

static void send_message(int fd, const char *text)
{
    check("send", rsocket_send(fd, text, strlen(text), 0));
}

static void expect_message(int fd, const char *wanted)
{
    char buf[4096];

    expect("message", buf, recv_message(fd, buf, sizeof buf), wanted);
}

static void expect_silence(int fd)
{
    char buf[16];
    ssize_t n = rsocket_recv_timeout(fd, buf, sizeof buf, 0, SILENCE_MS);

    if (n != -ETIMEDOUT)
        fail("silence", n < 0 ? rsocket_strerror((int)n) : "data came");
}

static void expect_end(int fd)
{
    char buf[16];

    if (check("end of stream", rsocket_recv(fd, buf, sizeof buf, 0)) != 0)
        fail("end of stream", "data came");
}

static int own_port(int fd)
{
    rsocket_addr addr;
    int port;

    check("own address", rsocket_addr_local(fd, &addr));
    port = rsocket_addr_port(&addr);
    return port < 0 ? 0 : port;
}

static const char *welcome(int port)
{
    static char text[32];

    snprintf(text, sizeof text, "welcome %d", port < 0 ? 0 : port);
    return text;
}

static unsigned char *bulk(uint64_t *sum)
{
    unsigned char *bytes = malloc(BULK);
    uint32_t i;

    if (!bytes)
        fail("bulk", "no memory");
    for (*sum = 0, i = 0; i < BULK; i++)
        *sum += bytes[i] = (unsigned char)(i * 31 % 251);
    return bytes;
}

static void serve_stream(int listener)
{
    rsocket_addr peer;
    uint64_t total;
    char sum[32];
    int fd = (int)check("accept", rsocket_accept(listener, &peer, 0));
    unsigned char *wanted = bulk(&total), *got = malloc(BULK);

    expect_frame(fd, "hello");
    send_frame(fd, welcome(rsocket_addr_port(&peer)));
    if (!got)
        fail("bulk", "no memory");
    check("bulk", rsocket_recv_all(fd, got, BULK, -1, NULL));
    if (memcmp(got, wanted, BULK) != 0)
        fail("bulk", "bytes differ");
    snprintf(sum, sizeof sum, "%" PRIu64, total);
    send_frame(fd, sum);
    expect_frame(fd, "quiet");
    expect_end(fd);
    send_frame(fd, "bye");
    check("close", rsocket_close(fd));
    free(got);
    free(wanted);
}

static void call_stream(int fd)
{
    uint64_t total;
    char sum[32];
    unsigned char *bytes = bulk(&total);

    send_frame(fd, "hello");
    expect_frame(fd, welcome(own_port(fd)));
    check("bulk", rsocket_send_all(fd, bytes, BULK, -1, NULL));
    snprintf(sum, sizeof sum, "%" PRIu64, total);
    expect_frame(fd, sum);
    expect_silence(fd);
    send_frame(fd, "quiet");
    check("shutdown", rsocket_shutdown(fd, SHUT_WR));
    expect_frame(fd, "bye");
    expect_end(fd);
    free(bytes);
}

/* What seqpacket and datagram servers answer; returns its length. */
static size_t answer(const char *message, size_t len, int port, char *out, size_t cap)
{
    if (len == 5 && memcmp(message, "hello", 5) == 0)
        return (size_t)snprintf(out, cap, "%s", welcome(port));
    if (len == 4 && memcmp(message, "long", 4) == 0)
        return memset(out, 'y', 1000), 1000;
    return len == 0 ? 0 : (size_t)snprintf(out, cap, "%zu", len);
}

static int is_quiet(const char *message, size_t len)
{
    return len == 5 && memcmp(message, "quiet", 5) == 0;
}

/* What seqpacket and datagram clients have in common. */
static void call_messages(int fd, int port)
{
    static const size_t sizes[] = {1, 10, 1000};
    char buf[1000], text[16];
    size_t i;

    send_message(fd, "hello");
    expect_message(fd, welcome(port));
    memset(buf, 'x', sizeof buf);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check("send", rsocket_send(fd, buf, sizes[i], 0));
        snprintf(text, sizeof text, "%zu", sizes[i]);
        expect_message(fd, text);
    }
    send_message(fd, "long");
    if (check("recv", rsocket_recv(fd, buf, 100, MSG_TRUNC)) != 1000)
        fail("truncation", "not seen");
    expect_silence(fd);
}

static void serve_seqpacket(int listener)
{
    char in[4096], out[1000];
    int fd = (int)check("accept", rsocket_accept(listener, NULL, 0));
    size_t len;

    while (len = recv_message(fd, in, sizeof in), !is_quiet(in, len))
        check("send", rsocket_send(fd, out, answer(in, len, 0, out, sizeof out), 0));
    expect_end(fd);
    send_message(fd, "bye");
    check("close", rsocket_close(fd));
}

static void call_seqpacket(int fd)
{
    call_messages(fd, 0);
    send_message(fd, "quiet");
    check("shutdown", rsocket_shutdown(fd, SHUT_WR));
    expect_message(fd, "bye");
    expect_end(fd);
}

static void serve_datagram(int fd)
{
    char in[4096], out[1000];
    rsocket_addr peer;
    size_t len;

    for (;;) {
        len = (size_t)check("recv", rsocket_recv_from(fd, in, sizeof in, MSG_TRUNC, &peer));
        if (len > sizeof in)
            fail("datagram", "truncated");
        if (is_quiet(in, len))
            break;
        len = answer(in, len, rsocket_addr_port(&peer), out, sizeof out);
        check("send", rsocket_send_to(fd, out, len, 0, &peer));
    }
    check("send", rsocket_send_to(fd, "bye", 3, 0, &peer));
}

static void call_datagram(int fd)
{
    call_messages(fd, own_port(fd));
    check("send", rsocket_send(fd, NULL, 0, 0));
    expect_message(fd, "");
    send_message(fd, "quiet");
    expect_message(fd, "bye");
}

/* One descriptor, and the word that came with it. */
static int recv_fd(int fd, const char *word)
{
    char buf[16];
    int got = -1;
    size_t count = 1;
    ssize_t n = check("recv fd", rsocket_recv_fds(fd, buf, sizeof buf, 0, &got, &count, -1));

    expect("word", buf, (size_t)n, word);
    if (count != 1 || got < 0)
        fail(word, "no descriptor came");
    return got;
}

/* Everything up to the end of a file or pipe. */
static size_t read_to_end(int fd, char *buf, size_t cap)
{
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, buf + len, cap - len)) > 0)
        len += (size_t)n;
    if (n < 0)
        fail("read", rsocket_strerror(-errno));
    check("close", rsocket_close(fd));
    return len;
}

static void serve_fds(int listener)
{
    char token[256];
    int ends[2], fd = (int)check("accept", rsocket_accept(listener, NULL, 0));
    int file = recv_fd(fd, "file");
    size_t len;

    if (!(fcntl(file, F_GETFD) & FD_CLOEXEC))
        fail("file", "the descriptor is not close-on-exec");
    len = read_to_end(file, token, sizeof token);
    check("send", rsocket_send(fd, token, len, 0));
    if (pipe(ends) < 0)
        fail("pipe", rsocket_strerror(-errno));
    check("send fd", rsocket_send_fds(fd, "pipe", 4, &ends[0], 1, -1));
    close(ends[0]);
    if (write(ends[1], token, len) != (ssize_t)len)
        fail("pipe", "short write");
    close(ends[1]);
    check("close", rsocket_close(fd));
}

static void call_fds(int fd)
{
    char token[64], got[256];
    FILE *file = tmpfile();
    int number;

    if (!file)
        fail("tmpfile", rsocket_strerror(-errno));
    snprintf(token, sizeof token, "token of %ld", (long)getpid());
    fputs(token, file);
    rewind(file);
    number = fileno(file);
    check("send fd", rsocket_send_fds(fd, "file", 4, &number, 1, -1));
    /* Exactly so many bytes: on a stream the next word may be there already. */
    expect("token", got, (size_t)check("recv", rsocket_recv(fd, got, strlen(token), 0)), token);
    fclose(file);
    expect("token through the pipe", got, read_to_end(recv_fd(fd, "pipe"), got, sizeof got),
           token);
}

static void serve_credentials(int listener)
{
    char text[64];
    rsocket_cred who;
    int fd = (int)check("accept", rsocket_accept(listener, NULL, 0));

    expect_message(fd, "hello");
    check("credentials", rsocket_peer_cred(fd, &who));
    snprintf(text, sizeof text, "%ld %lu %lu", (long)who.pid, (unsigned long)who.uid,
             (unsigned long)who.gid);
    send_message(fd, text);
    expect_message(fd, "who");
    snprintf(text, sizeof text, "server %ld", (long)getpid());
    send_message(fd, text);
    check("close", rsocket_close(fd));
}

static void call_credentials(int fd)
{
    char text[64];
    rsocket_cred who;

    send_message(fd, "hello");
    snprintf(text, sizeof text, "%ld %lu %lu", (long)getpid(), (unsigned long)getuid(),
             (unsigned long)getgid());
    expect_message(fd, text);
    send_message(fd, "who");
    check("credentials", rsocket_peer_cred(fd, &who));
    snprintf(text, sizeof text, "server %ld", (long)who.pid);
    expect_message(fd, text);
}

static void print_links(void)
{
    static char buf[32768];
    const struct nlmsghdr *message;
    const struct nlattr *attribute;
    struct ifinfomsg request = {0}, link;
    rsocket_nl nl;
    int result, fd = (int)check("netlink", rsocket_nl_open(&nl, NETLINK_ROUTE, 0, buf, sizeof buf));

    check("request", rsocket_nl_request(&nl, RTM_GETLINK, NLM_F_DUMP, &request, sizeof request));
    while ((result = rsocket_nl_next(&nl, &message, -1)) > 0) {
        memcpy(&link, (const char *)message + NLMSG_HDRLEN, sizeof link);
        for (attribute = NULL;
             (attribute = rsocket_nl_attr(message, sizeof link, attribute)) != NULL;)
            if (attribute->nla_type == IFLA_IFNAME)
                printf("%d %s\n", link.ifi_index, (const char *)rsocket_nl_data(attribute, NULL));
    }
    check("links", result);
    check("close", rsocket_close(fd));
}

static const struct {
    const char *name;
    void (*serve)(int);
    void (*call)(int);
} media[] = {
    {"stream", serve_stream, call_stream},
    {"seqpacket", serve_seqpacket, call_seqpacket},
    {"datagram", serve_datagram, call_datagram},
    {"fds", serve_fds, call_fds},
    {"credentials", serve_credentials, call_credentials},
};

/* Listens (or, for datagrams, is bound) at the address, and says so. */
static int listen_at(const char *url)
{
    int fd = (int)check(url, rsocket_listen(url, 0));

    if (strncmp(url, "unix", 4) == 0)
        puts("ready");
    else
        printf("ready %d\n", own_port(fd));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    size_t i;
    int fd;

    if (argc == 2 && strcmp(argv[1], "links") == 0)
        return print_links(), 0;
    for (i = 0; argc == 4 && i < sizeof media / sizeof media[0]; i++) {
        if (strcmp(argv[2], media[i].name) != 0)
            continue;
        if (strcmp(argv[1], "server") == 0)
            media[i].serve(fd = listen_at(argv[3]));
        else
            media[i].call(fd = (int)check(argv[3], rsocket_connect(argv[3], 0, -1)));
        check("close", rsocket_close(fd));
        return 0;
    }
    fputs("usage: peer-c (server|client) MEDIUM ADDRESS | links\n", stderr);
    return 2;
}
