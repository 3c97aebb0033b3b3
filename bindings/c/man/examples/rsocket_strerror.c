/* A configuration file's mistake in a sentence, and a number's name for a log. */
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    const char *url = "tcp://127.0.0.1:99999";
    int fd = rsocket_listen(url, 0);
    char why[128];

    if (fd >= 0)
        return 1;
    if (rsocket_url_why(url, why, sizeof why) > 0)
        printf("%s: %s\n", url, why);
    printf("%s: %s\n", rsocket_errname(fd), rsocket_strerror(fd));
    return 0;
}
