/* From text to an address that any system call takes, and back. */
#include <rsocket.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    rsocket_addr addr;
    char text[512];

    if (rsocket_addr_parse(&addr, "[::1]:443") < 0)
        return 1;
    printf("family %d, %u bytes, port %d\n", addr.ss.ss_family, (unsigned)addr.len,
           rsocket_addr_port(&addr));
    if (rsocket_addr_unix(&addr, "/run/any bytes", 14) < 0 ||
        rsocket_addr_format(&addr, text, sizeof text) < 0)
        return 1;
    puts(text);
    return strcmp(text, "unix:/run/any%20bytes") != 0;
}
