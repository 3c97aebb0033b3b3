/* The descriptor is closed on every way out of the function. */
#include <rsocket.h>

static int greet(const char *url)
{
    __attribute__((cleanup(rsocket_closep)))
    rsocket_endpoint fd = rsocket_connect(url, 0, 1000);

    if (fd < 0)
        return fd;
    return rsocket_send_all(fd, "hello\n", 6, 1000, NULL);
}

int main(void)
{
    int listener = rsocket_listen("unix-abstract:greeted", 0);
    return greet("unix-abstract:greeted") < 0 || rsocket_close(listener) < 0;
}
