/* Takes every descriptor that the service manager handed over, under its name. */
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    char name[256];

    for (unsigned i = 0; rsocket_activation_name(i, name, sizeof name) >= 0; i++) {
        int fd = rsocket_activation_take(name);
        printf("%s: %s\n", name, fd < 0 ? rsocket_strerror(fd) : "taken");
        rsocket_closep(&fd);
    }
    return 0;
}
