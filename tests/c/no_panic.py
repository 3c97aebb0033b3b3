"""No verb that may be cancelled, or called in a signal handler, reaches a panic or the allocator.

Follows every call in the object of the static library. pthread_cancel(3) unwinds the stack, and a
frame that has a landing pad for a panic would end the process.
"""

import re
import subprocess
import sys
from collections import defaultdict

# What the header calls async-signal-safe or a cancellation point.
VERBS = [
    "accept",
    "accept_timeout",
    "bind",
    "dial",
    "dial_wait",
    "dup",
    "shutdown",
    "close",
    "closep",
    "open",
    "pair",
    "recv",
    "recv_timeout",
    "send",
    "send_timeout",
    "recv_from",
    "recv_from_timeout",
    "send_to",
    "send_to_timeout",
    "send_all",
    "recv_all",
    "recvv",
    "sendv",
    "recv_msg",
    "send_msg",
    "recv_batch",
    "send_batch",
    "addr_from",
    "addr_local",
    "addr_peer",
    "addr_port",
    "peer_cred",
    "msg_cred",
    "set",
    "get",
    "nl_join",
    "nl_leave",
    "nl_put",
    "nl_attr",
    "nl_nested",
    "nl_data",
    "errname",
    "version",
    "version_string",
]
FORBIDDEN = re.compile(
    r"panic|unwrap_failed|expect_failed|_Unwind_|eh_personality|slice_.*_fail|len_mismatch"
    r"|__rust_alloc|__rust_dealloc|__rust_realloc|^(malloc|free|calloc|realloc|abort)$"
)

RELOCATION = re.compile(r"R_X86_64_\S+\s+(\S+?)(?:[-+]0x[0-9a-f]+)?$")
BRANCH = re.compile(r"\b(?:call|jmp)\s+[0-9a-f]+ <([^+>]+)")


def demangled(name):
    """The name without the hash, for people."""
    done = subprocess.run(["c++filt", name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def call_graph(archive):
    """Maps each function to what its code refers to."""
    listing = subprocess.run(
        ["objdump", "-dr", "--no-show-raw-insn", archive],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    refers = defaultdict(set)
    section_of = {}
    section = function = None
    for line in listing.splitlines():
        if started := re.match(r"Disassembly of section (\S+):", line):
            section = started[1]
        elif started := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            function = started[1]
            section_of.setdefault(section, function)
        elif found := RELOCATION.search(line) or BRANCH.search(line):
            refers[function].add(found[1])
    return {
        name: {section_of.get(target, target) for target in targets}
        for name, targets in refers.items()
    }


def main():
    """Prints each way from a verb to what it must not reach."""
    graph = call_graph(sys.argv[1])
    bad = 0
    for verb in VERBS:
        start = f"rsocket_{verb}"
        if start not in graph and verb not in ("version", "version_string"):
            sys.exit(f"{start} is not in the library")
        came_from = {start: None}
        queue = [start]
        while queue:
            name = queue.pop()
            for target in graph.get(name, ()):
                if target in came_from:
                    continue
                came_from[target] = name
                if FORBIDDEN.search(target):
                    way = [target]
                    while came_from[way[-1]]:
                        way.append(came_from[way[-1]])
                    print(" <- ".join(demangled(step) for step in way))
                    bad += 1
                elif not target.startswith("."):
                    queue.append(target)
    if len(graph["rsocket_recv"]) == 0:
        sys.exit("rsocket_recv calls nothing: the listing was not understood")
    # The check itself: what is known to have such a path is found to have one.
    if not any(FORBIDDEN.search(target) for target in reachable(graph, "rsocket_listen")):
        sys.exit("rsocket_listen has no path to a panic: the listing was not understood")
    sys.exit(1 if bad else 0)


def reachable(graph, start):
    """Everything that a function refers to, directly or not."""
    seen, queue = set(), [start]
    while queue:
        for target in graph.get(queue.pop(), ()):
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return seen


main()
