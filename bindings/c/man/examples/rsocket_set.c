/* Small packets at once, and a keepalive that starts after a minute of silence. */
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    int fd = rsocket_open(AF_INET, SOCK_STREAM, 0, 0), idle = 0;

    if (fd < 0 || rsocket_set(fd, RSOCKET_TCP_NODELAY, 1) < 0 ||
        rsocket_set(fd, RSOCKET_SO_KEEPALIVE, 1) < 0 ||
        rsocket_set(fd, RSOCKET_TCP_KEEPIDLE, 60) < 0 ||
        rsocket_get(fd, RSOCKET_TCP_KEEPIDLE, &idle) < 0)
        return 1;
    printf("%d seconds\n", idle);
    return rsocket_close(fd) < 0 || idle != 60;
}
