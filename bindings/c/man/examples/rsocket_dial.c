/* Connects without blocking: the descriptor is writable when the attempt has ended. */
#include <errno.h>
#include <poll.h>
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    int listener = rsocket_listen("tcp://127.0.0.1:0", 0);
    int fd = rsocket_open(AF_INET, SOCK_STREAM, 0, RSOCKET_NONBLOCK), r;
    struct pollfd ready = {fd, POLLOUT, 0};
    rsocket_addr addr;

    if (listener < 0 || fd < 0 || rsocket_addr_local(listener, &addr) < 0)
        return 1;
    r = rsocket_dial(fd, &addr, 0);
    if (r == -EINPROGRESS && poll(&ready, 1, 1000) == 1)
        r = rsocket_dial_wait(fd, 0);
    if (r < 0)
        fprintf(stderr, "connect: %s\n", rsocket_strerror(r));
    rsocket_close(listener);
    rsocket_close(fd);
    return r < 0;
}
