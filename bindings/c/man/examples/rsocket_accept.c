/* Serves whoever comes within a second, and says who that is. */
#include <errno.h>
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    int listener = rsocket_listen("tcp://127.0.0.1:0", 0), client;
    rsocket_addr peer;
    char text[128];

    if (listener < 0)
        return 1;
    while ((client = rsocket_accept_timeout(listener, &peer, 0, 1000)) >= 0) {
        if (rsocket_addr_format(&peer, text, sizeof text) > 0)
            printf("%s is here\n", text);
        rsocket_close(client);
    }
    rsocket_close(listener);
    return client == -ETIMEDOUT ? 0 : 1;
}
