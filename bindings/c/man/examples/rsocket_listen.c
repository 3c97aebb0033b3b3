/* A server of any stream family and a client of it, both by URL. */
#include <rsocket.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "unix-abstract:example";
    int listener = rsocket_listen(url, 0), client;

    if (listener < 0) {
        fprintf(stderr, "%s: %s\n", url, rsocket_strerror(listener));
        return 1;
    }
    client = rsocket_connect(url, 0, 1000);
    if (client < 0) {
        fprintf(stderr, "%s: %s\n", url, rsocket_strerror(client));
        return 1;
    }
    rsocket_close(client);
    return rsocket_close(listener) < 0;
}
