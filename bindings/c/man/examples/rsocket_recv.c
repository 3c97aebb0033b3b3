/* A datagram and who sent it; a length that says whether it was cut. */
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    int server = rsocket_listen("udp://127.0.0.1:0", 0);
    int client = rsocket_open(AF_INET, SOCK_DGRAM, 0, 0);
    rsocket_addr here, from;
    char buf[4];
    ssize_t n;

    if (server < 0 || client < 0 || rsocket_addr_local(server, &here) < 0 ||
        rsocket_send_to(client, "datagram", 8, 0, &here) < 0)
        return 1;
    n = rsocket_recv_from_timeout(server, buf, sizeof buf, MSG_TRUNC, &from, 1000);
    if (n < 0)
        return 1;
    printf("%zd bytes from port %d%s\n", n, rsocket_addr_port(&from),
           (size_t)n > sizeof buf ? ", cut" : "");
    rsocket_close(client);
    return rsocket_close(server) < 0;
}
