/* ../netcat.c without the library: the same options, the same families, by plain POSIX calls. For
 * comparison; it does what that does, as briefly as it goes without leaving a case out.
 *
 *     netcat [-l] [-k] [-w SECONDS] URL
 *
 * URL: tcp://host:port, udp://host:port, unix:/path, unix-dgram:/path, unix-seqpacket:/path,
 * unix-abstract:name. IPv6 addresses stand in brackets.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int wait_ms = -1;

static int complain(const char *what, const char *url, const char *why)
{
    fprintf(stderr, "netcat: %s %s: %s\n", what, url, why);
    return 1;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* poll(2) for one descriptor, whatever signals come; 0 where the time has passed. */
static int wait_for(int fd, short events, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    struct pollfd ready = {fd, events, 0};
    for (;;) {
        int64_t left = timeout_ms < 0 ? -1 : end - now_ms();
        int n = poll(&ready, 1, left < -1 ? 0 : (int)left);
        if (n >= 0 || errno != EINTR)
            return n;
    }
}

/* connect(2) within wait_ms milliseconds; 0, or -1 with errno. */
static int connect_in_time(int fd, const struct sockaddr *addr, socklen_t len)
{
    int flags = fcntl(fd, F_GETFL), error = 0, n;
    socklen_t size = sizeof error;

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -1;
    if (connect(fd, addr, len) != 0) {
        if (errno != EINPROGRESS && errno != EINTR)
            return -1;
        if ((n = wait_for(fd, POLLOUT, wait_ms)) <= 0) {
            if (n == 0)
                errno = ETIMEDOUT;
            return -1;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
            return -1;
        if (error != 0) {
            errno = error;
            return -1;
        }
    }
    return fcntl(fd, F_SETFL, flags);
}

static int ready_endpoint(int fd, const struct sockaddr *addr, socklen_t len, int type,
                          int listening)
{
    int on = 1;

    if (!listening)
        return connect_in_time(fd, addr, len);
    if (addr->sa_family != AF_UNIX && type == SOCK_STREAM &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        return -1;
    if (bind(fd, addr, len) < 0)
        return -1;
    return type == SOCK_DGRAM ? 0 : listen(fd, SOMAXCONN);
}

/* Makes an endpoint in the Unix domain. */
static int open_unix(const char *url, const char *name, int type, int abstract, int listening)
{
    struct sockaddr_un addr;
    size_t len = strlen(name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    int fd;

    if (len == 0 || len > sizeof addr.sun_path - 1) {
        complain("cannot use", url, "the path is empty, or longer than 107 bytes");
        return -1;
    }
    memset(&addr, 0, sizeof addr);
    addr.sun_family = AF_UNIX;
    memcpy(addr.sun_path + abstract, name, len);
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        complain("cannot use", url, strerror(errno));
        return -1;
    }
    /* A datagram client needs a name of its own to be answered: autobind. */
    if (type == SOCK_DGRAM && !listening) {
        struct sockaddr_un own = {AF_UNIX, ""};
        if (bind(fd, (struct sockaddr *)&own, sizeof own.sun_family) < 0) {
            complain("cannot name", url, strerror(errno));
            close(fd);
            return -1;
        }
    }
    if (ready_endpoint(fd, (struct sockaddr *)&addr, size, type, listening) < 0) {
        complain(listening ? "cannot listen on" : "cannot connect to", url, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

/* Makes an internet endpoint: each address of the host in turn. */
static int open_internet(const char *url, const char *place, int type, int listening)
{
    struct addrinfo hints, *found, *one;
    char host[256], *end;
    const char *colon = strrchr(place, ':'), *start = place, *stop = colon;
    unsigned long port;
    int fd = -1, error = EADDRNOTAVAIL, code;

    if (colon == NULL) {
        complain("cannot use", url, "there is no port");
        return -1;
    }
    port = strtoul(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > 65535) {
        complain("cannot use", url, "port is not a decimal number from 0 to 65535");
        return -1;
    }
    if (*start == '[' && stop > start && stop[-1] == ']') {
        start++;
        stop--;
    }
    if (stop == start || (size_t)(stop - start) >= sizeof host) {
        complain("cannot use", url, "there is no host, or it is too long");
        return -1;
    }
    memcpy(host, start, (size_t)(stop - start));
    host[stop - start] = '\0';
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = type;
    hints.ai_flags = AI_NUMERICSERV;
    if ((code = getaddrinfo(host, colon + 1, &hints, &found)) != 0) {
        complain("cannot resolve", url, gai_strerror(code));
        return -1;
    }
    for (one = found; one != NULL; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
        if (fd >= 0) {
            if (ready_endpoint(fd, one->ai_addr, one->ai_addrlen, type, listening) == 0)
                break;
            error = errno;
            close(fd);
            fd = -1;
        } else {
            error = errno;
        }
    }
    freeaddrinfo(found);
    if (fd < 0)
        complain(listening ? "cannot listen on" : "cannot connect to", url, strerror(error));
    return fd;
}

/* Makes the endpoint that a URL names, or complains. */
static int open_url(const char *url, int listening, int *type)
{
    static const struct {
        const char *scheme;
        int type, internet, abstract;
    } schemes[] = {
        {"tcp://", SOCK_STREAM, 1, 0},
        {"udp://", SOCK_DGRAM, 1, 0},
        {"unix:", SOCK_STREAM, 0, 0},
        {"unix-dgram:", SOCK_DGRAM, 0, 0},
        {"unix-seqpacket:", SOCK_SEQPACKET, 0, 0},
        {"unix-abstract:", SOCK_STREAM, 0, 1},
    };
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].scheme);
        if (strncmp(url, schemes[i].scheme, len) != 0)
            continue;
        *type = schemes[i].type;
        if (schemes[i].internet)
            return open_internet(url, url + len, *type, listening);
        return open_unix(url, url + len, *type, schemes[i].abstract, listening);
    }
    complain("cannot use", url, "unknown scheme");
    return -1;
}

static int send_all(int fd, const char *buf, size_t len)
{
    do {
        ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        buf += n;
        len -= (size_t)n;
    } while (len > 0);
    return 0;
}

/* Until both sides have ended, or have been silent for too long. */
static int copy(int fd)
{
    char buf[65536];
    struct pollfd ready[2] = {{STDIN_FILENO, POLLIN, 0}, {fd, POLLIN, 0}};
    ssize_t n;
    int events;

    while (ready[0].fd >= 0 || ready[1].fd >= 0) {
        if ((events = poll(ready, 2, wait_ms)) <= 0) {
            if (events < 0 && errno == EINTR)
                continue;
            break;
        }
        if (ready[1].revents) {
            if ((n = recv(fd, buf, sizeof buf, 0)) < 0) {
                if (errno == EINTR)
                    continue;
                return -1;
            }
            if (n == 0)
                ready[1].fd = -1;
            else if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout) != 0)
                return -1;
        }
        if (ready[0].revents) {
            if ((n = read(STDIN_FILENO, buf, sizeof buf)) <= 0) {
                if (n < 0 && errno == EINTR)
                    continue;
                ready[0].fd = -1;
                shutdown(fd, SHUT_WR);
            } else if (send_all(fd, buf, (size_t)n) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* A datagram server talks to whoever speaks first. */
static int adopt_first_peer(int fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    char byte;
    int n = wait_for(fd, POLLIN, wait_ms);

    if (n <= 0) {
        if (n == 0)
            errno = ETIMEDOUT;
        return -1;
    }
    while (recvfrom(fd, &byte, 1, MSG_PEEK, (struct sockaddr *)&peer, &len) < 0)
        if (errno != EINTR)
            return -1;
    return connect(fd, (struct sockaddr *)&peer, len);
}

int main(int argc, char **argv)
{
    int listening = 0, again = 0, option, fd, type = 0, failed;

    while ((option = getopt(argc, argv, "lkw:")) != -1) {
        listening |= option == 'l';
        again |= option == 'k';
        if (option == 'w')
            wait_ms = atoi(optarg) * 1000;
        if (option == '?')
            return 2;
    }
    if (optind != argc - 1)
        return fprintf(stderr, "usage: netcat [-l] [-k] [-w SECONDS] URL\n"), 2;

    const char *url = argv[optind];
    if ((fd = open_url(url, listening, &type)) < 0)
        return 1;
    if (!listening)
        return copy(fd) < 0 ? complain("lost", url, strerror(errno)) : 0;
    if (type == SOCK_DGRAM)
        return adopt_first_peer(fd) < 0 || copy(fd) < 0 ? complain("lost", url, strerror(errno))
                                                        : 0;
    do {
        int client;
        do {
            client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        } while (client < 0 && (errno == EINTR || errno == ECONNABORTED));
        if (client < 0)
            return complain("cannot accept on", url, strerror(errno));
        if ((failed = copy(client) < 0))
            complain("lost a client of", url, strerror(errno));
        close(client);
    } while (again);
    return failed;
}
