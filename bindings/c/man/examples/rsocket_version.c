/* Whether the library that runs is at least the one that the program was built with. */
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    printf("built with %s, running with %s\n", RSOCKET_VERSION_STRING, rsocket_version_string());
    return rsocket_version() < RSOCKET_VERSION;
}
