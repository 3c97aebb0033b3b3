/* Tells which network interfaces change, for half a second. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    static char buf[32768];
    const struct nlmsghdr *message;
    rsocket_nl nl;
    int r = rsocket_nl_open(&nl, NETLINK_ROUTE, 0, buf, sizeof buf);

    if (r >= 0)
        r = rsocket_nl_join(nl.fd, RTNLGRP_LINK);
    while (r >= 0 && ((r = rsocket_nl_event(&nl, &message, 500)) > 0 || r == -ENOBUFS)) {
        if (r > 0)
            printf("interface %d\n", ((const struct ifinfomsg *)NLMSG_DATA(message))->ifi_index);
        else
            r = puts("events were lost: ask for all of them again");
    }
    rsocket_closep(&nl.fd);
    return r == -ETIMEDOUT ? 0 : 1;
}
