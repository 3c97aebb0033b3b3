/* A netcat: copies standard input to an endpoint and the endpoint to standard output.
 *
 *     netcat URL              connects: tcp://host:port, udp://host:port, unix:/path, ...
 *     netcat -l [-k] URL      listens; -k serves one client after the other
 *     netcat -w SECONDS ...   gives up connecting, and a silent peer, after so long
 */
#include <errno.h>
#include <poll.h>
#include <rsocket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int wait_ms = -1;

static int complain(const char *what, const char *url, int code)
{
    char why[256] = "";
    rsocket_url_why(url, why, sizeof why);
    fprintf(stderr, "netcat: %s %s: %s\n", what, url, why[0] ? why : rsocket_strerror(code));
    return 1;
}

/* Until both sides have ended, or have been silent for too long. */
static int copy(rsocket_endpoint fd)
{
    char buf[65536];
    struct pollfd ready[2] = {{STDIN_FILENO, POLLIN, 0}, {fd, POLLIN, 0}};
    ssize_t n;

    while ((ready[0].fd >= 0 || ready[1].fd >= 0) && poll(ready, 2, wait_ms) > 0) {
        if (ready[1].revents) {
            if ((n = rsocket_recv(fd, buf, sizeof buf, 0)) < 0)
                return (int)n;
            if (n == 0)
                ready[1].fd = -1;
            else if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout) != 0)
                return -errno;
        }
        if (ready[0].revents) {
            if ((n = read(STDIN_FILENO, buf, sizeof buf)) <= 0) {
                ready[0].fd = -1;
                rsocket_shutdown(fd, SHUT_WR);
            } else if ((n = rsocket_send_all(fd, buf, (size_t)n, -1, NULL)) < 0) {
                return (int)n;
            }
        }
    }
    return 0;
}

/* A datagram server talks to whoever speaks first. */
static int adopt_first_peer(rsocket_endpoint fd)
{
    rsocket_addr peer;
    char byte;
    ssize_t n = rsocket_recv_from_timeout(fd, &byte, 1, MSG_PEEK, &peer, wait_ms);
    return n < 0 ? (int)n : rsocket_dial(fd, &peer, -1);
}

int main(int argc, char **argv)
{
    int listening = 0, again = 0, option, fd, kind = 0, r;

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
    fd = listening ? rsocket_listen(url, 0) : rsocket_connect(url, 0, wait_ms);
    if (fd < 0)
        return complain(listening ? "cannot listen on" : "cannot connect to", url, fd);
    if (!listening)
        return (r = copy(fd)) < 0 ? complain("lost", url, r) : 0;

    if ((r = rsocket_get(fd, RSOCKET_SO_TYPE, &kind)) < 0)
        return complain("cannot use", url, r);
    if (kind == SOCK_DGRAM)
        return (r = adopt_first_peer(fd)) < 0 || (r = copy(fd)) < 0 ? complain("lost", url, r) : 0;
    do {
        int client = rsocket_accept(fd, NULL, 0);
        if (client < 0)
            return complain("cannot accept on", url, client);
        if ((r = copy(client)) < 0)
            complain("lost a client of", url, r);
        rsocket_close(client);
    } while (again);
    return r < 0;
}
