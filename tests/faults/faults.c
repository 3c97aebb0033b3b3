/* One operation of the C library between two marks that strace shows, and what became of it: as
 * rust/src/main.rs. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "rsocket.h"

enum { SOON = 5000, AT_ONCE = 30 };

static int left_and_right[2];
static int listener, file;
static char url[256];
static rsocket_addr to;
static const char *directory;

static void expect(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "setup: %s\n", what);
        exit(2);
    }
}

static int is(const char *name, const char *other) { return strcmp(name, other) == 0; }

static void set_up_listener(const char *host) {
    rsocket_addr address;
    listener = rsocket_listen("tcp://127.0.0.1:0", 0);
    expect(listener >= 0, "listen");
    expect(rsocket_addr_local(listener, &address) == 0, "address");
    snprintf(url, sizeof url, "tcp://%s:%d", host, rsocket_addr_port(&address));
}

static void stale_file(int run) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/%d.sock", directory, run);
    expect(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    close(fd);
}

static int set_up(const char *name) {
    if (is(name, "connect") || is(name, "connect-blocking")) {
        set_up_listener("127.0.0.1");
    } else if (is(name, "connect-any")) {
        set_up_listener("localhost");
    } else if (is(name, "accept") || is(name, "accept-blocking")) {
        set_up_listener("127.0.0.1");
        for (int client = 0; client < 2; client++)
            expect(rsocket_connect(url, 0, SOON) >= 0, "connect");
    } else if (is(name, "stream") || is(name, "stream-blocking") || is(name, "nothing-comes") ||
               is(name, "pass-fd") || is(name, "dup") || is(name, "peer") ||
               is(name, "send-file")) {
        expect(rsocket_pair(SOCK_STREAM, 0, left_and_right) == 0, "pair");
        file = open(is(name, "send-file") ? "/proc/self/exe" : "/dev/null", O_RDONLY);
        expect(file >= 0, "open");
    } else if (is(name, "batch")) {
        expect(rsocket_pair(SOCK_SEQPACKET, 0, left_and_right) == 0, "pair");
    } else if (is(name, "datagram")) {
        left_and_right[0] = rsocket_listen("udp://127.0.0.1:0", 0);
        left_and_right[1] = rsocket_listen("udp://127.0.0.1:0", 0);
        expect(rsocket_addr_local(left_and_right[1], &to) == 0, "address");
    } else if (is(name, "unix-bind")) {
        stale_file(0);
        stale_file(1);
    } else {
        return is(name, "listen") || is(name, "netlink-dump") || is(name, "pair");
    }
    return 1;
}

/* Closes what was made. */
static int closed(int made) {
    if (made < 0)
        return made;
    rsocket_close(made);
    return 0;
}

static int first(long long one, long long other) { return (int)(one < 0 ? one : other); }

static int dump(void) {
    static char buf[32768];
    struct ifinfomsg request = {0};
    const struct nlmsghdr *message;
    rsocket_nl nl;
    int result = rsocket_nl_open(&nl, NETLINK_ROUTE, 0, buf, sizeof buf);
    if (result < 0)
        return result;
    result = rsocket_nl_request(&nl, RTM_GETLINK, NLM_F_DUMP, &request, sizeof request);
    while (result == 0 && (result = rsocket_nl_next(&nl, &message, SOON)) == 1)
        result = 0;
    rsocket_close(nl.fd);
    return result;
}

static int batch(int left, int right) {
    char room[2][16];
    rsocket_msg send[2] = {{.buf = (char *)"one", .len = 3}, {.buf = (char *)"two", .len = 3}};
    rsocket_msg receive[2] = {{.buf = room[0], .cap = 16}, {.buf = room[1], .cap = 16}};
    int result = rsocket_send_batch(left, send, 2, 0, SOON);
    return first(result, result < 0 ? 0 : rsocket_recv_batch(right, receive, 2, 0, SOON));
}

static int pass(int left, int right) {
    char byte[8];
    int fd = -1;
    size_t count = 1;
    ssize_t result = rsocket_send_fds(left, "fd", 2, &file, 1, SOON);
    if (result >= 0)
        result = rsocket_recv_fds(right, byte, sizeof byte, 0, &fd, &count, SOON);
    if (result >= 0)
        close(fd);
    return (int)result;
}

static int operate(const char *name, int run) {
    int left = left_and_right[0], right = left_and_right[1], pair[2];
    char buf[128];
    int timeout = strstr(name, "blocking") ? -1 : SOON;
    int result = 0;
    if (strncmp(name, "connect", 7) == 0) {
        int made = rsocket_connect(url, 0, timeout);
        if (made >= 0)
            result = rsocket_send_all(made, "connected", 9, timeout, NULL);
        return first(closed(made), result);
    }
    if (is(name, "accept-blocking"))
        return closed(rsocket_accept(listener, NULL, 0));
    if (is(name, "accept"))
        return closed(rsocket_accept_timeout(listener, &to, 0, SOON));
    if (is(name, "listen"))
        return closed(rsocket_listen("tcp://127.0.0.1:0", 0));
    if (is(name, "netlink-dump"))
        return dump();
    if (is(name, "batch"))
        return batch(left, right);
    if (is(name, "pass-fd"))
        return pass(left, right);
    if (is(name, "dup"))
        return closed(rsocket_dup(left, 0));
    if (is(name, "nothing-comes"))
        return (int)rsocket_recv_timeout(left, buf, sizeof buf, 0, AT_ONCE);
    if (is(name, "pair")) {
        result = rsocket_pair(SOCK_STREAM, 0, pair);
        return result < 0 ? result : first(closed(pair[0]), closed(pair[1]));
    }
    if (is(name, "peer")) {
        rsocket_cred who;
        return rsocket_peer_cred(left, &who);
    }
    if (is(name, "unix-bind")) {
        snprintf(buf, sizeof buf, "unix:%.80s/%d.sock?reuse=1&mode=0666", directory, run);
        return closed(rsocket_listen(buf, 0));
    }
    if (is(name, "datagram")) {
        rsocket_addr from;
        result = (int)rsocket_send_to_timeout(left, "one", 3, 0, &to, SOON);
        return result < 0 ? result
                          : (int)rsocket_recv_from_timeout(right, buf, sizeof buf, 0, &from, SOON);
    }
    if (is(name, "send-file"))
        result = rsocket_send_file(left, file, 0, 9, SOON, NULL);
    else
        result = rsocket_send_all(left, "all of it", 9, timeout, NULL);
    return result < 0 ? result : rsocket_recv_all(right, buf, 9, timeout, NULL);
}

static int open_count(void) {
    int count = 0;
    DIR *open_files = opendir("/proc/self/fd");
    while (readdir(open_files))
        count++;
    closedir(open_files);
    return count;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    directory = argv[2];
    if (!set_up(argv[1])) {
        puts("absent 0");
        return 0;
    }
    /* What is done only the first time is done. */
    int result = operate(argv[1], 0);
    int before = open_count();
    (void)!access("/rsocket-faults/begins", F_OK);
    result = operate(argv[1], 1);
    (void)!access("/rsocket-faults/ends", F_OK);
    const char *name = result >= 0 ? "ok" : rsocket_errname(result);
    printf("%s %d\n", name ? name : "?", open_count() - before);
    return 0;
}
