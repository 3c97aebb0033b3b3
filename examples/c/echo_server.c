/* Echoes what any number of clients send, over any family that has connections: tcp://, unix:,
 * unix-seqpacket:, unix-abstract:, vsock:. One thread, epoll. */
#include <errno.h>
#include <rsocket.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct client {
    rsocket_endpoint fd;
    size_t start, end; /* what has come and not gone back yet */
    char buf[16384];
};

static void hang_up(struct client *client)
{
    rsocket_close(client->fd); /* epoll forgets it with the last descriptor */
    free(client);
}

/* Sends what is left, then receives more, until the kernel has no room or no data. */
static int serve(struct client *client)
{
    ssize_t n;
    for (;;) {
        while (client->start < client->end) {
            n = rsocket_send(client->fd, client->buf + client->start,
                             client->end - client->start, 0);
            if (n < 0)
                return n == -EAGAIN ? 0 : -1;
            client->start += (size_t)n;
        }
        client->start = client->end = 0;
        n = rsocket_recv(client->fd, client->buf, sizeof client->buf, 0);
        if (n <= 0)
            return n == -EAGAIN ? 0 : -1;
        client->end = (size_t)n;
    }
}

static void welcome(int epoll, rsocket_endpoint listener)
{
    int fd;
    while ((fd = rsocket_accept(listener, NULL, RSOCKET_NONBLOCK)) >= 0) {
        struct client *client = calloc(1, sizeof *client);
        struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = client}};
        if (client == NULL || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            rsocket_close(fd);
            free(client);
            continue;
        }
        client->fd = fd;
    }
    if (fd == -EMFILE || fd == -ENFILE) {
        /* The connection stays queued, and the listener ready: do not spin. */
        fprintf(stderr, "accept: %s\n", rsocket_strerror(fd));
        usleep(10000);
    }
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "tcp://[::]:7777";
    struct epoll_event events[64], event = {EPOLLIN, {.ptr = NULL}};
    char text[512];
    rsocket_addr addr;
    int epoll = epoll_create1(EPOLL_CLOEXEC), listener = rsocket_listen(url, RSOCKET_NONBLOCK);

    if (listener < 0) {
        rsocket_url_why(url, text, sizeof text);
        fprintf(stderr, "%s: %s\n", url, text[0] ? text : rsocket_strerror(listener));
        return 1;
    }
    if (rsocket_addr_local(listener, &addr) == 0 &&
        rsocket_addr_format(&addr, text, sizeof text) >= 0)
        printf("listening on %s\n", text);
    fflush(stdout);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);

    for (;;) {
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            struct client *client = events[i].data.ptr;
            if (client == NULL)
                welcome(epoll, listener);
            else if (serve(client) < 0)
                hang_up(client);
        }
    }
}
