/* The number of every network interface, and the kernel's words where it refuses. */
#include <linux/rtnetlink.h>
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    static char buf[32768];
    struct ifinfomsg all = {0};
    const struct nlmsghdr *message;
    rsocket_nl nl;
    char why[256];
    int r = rsocket_nl_open(&nl, NETLINK_ROUTE, 0, buf, sizeof buf);

    if (r >= 0)
        r = rsocket_nl_request(&nl, RTM_GETLINK, NLM_F_DUMP, &all, sizeof all);
    while (r >= 0 && (r = rsocket_nl_next(&nl, &message, 1000)) > 0)
        printf("%d\n", ((const struct ifinfomsg *)NLMSG_DATA(message))->ifi_index);
    if (r < 0 && rsocket_nl_why(&nl, why, sizeof why) > 0)
        fprintf(stderr, "%s\n", why);
    rsocket_closep(&nl.fd);
    return r < 0;
}
