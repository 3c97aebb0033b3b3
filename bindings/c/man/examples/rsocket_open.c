/* A UDP socket that knows no peer yet, a pair, and one end of it twice. */
#include <rsocket.h>

int main(void)
{
    int udp = rsocket_open(AF_INET, SOCK_DGRAM, 0, RSOCKET_NONBLOCK);
    int both[2], again;

    if (udp < 0 || rsocket_pair(SOCK_SEQPACKET, 0, both) < 0)
        return 1;
    again = rsocket_dup(both[0], 0);
    if (again < 0 || rsocket_send(again, "hello", 5, 0) != 5)
        return 1;
    rsocket_close(again);
    rsocket_close(both[0]);
    rsocket_close(both[1]);
    return rsocket_close(udp) < 0;
}
