#!/usr/bin/env python3
"""Writes the manual pages rsocket_*.3 from the comments of rsocket.h and the programs in examples/.

    pages.py [DIRECTORY]

One page for each group of functions below, and for each other name one line that leads there.
librsocket.7 is written by hand. Without a directory the pages go beside this file.
"""

import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
HEADER = HERE.parents[2] / "include/rsocket.h"
DATE = "November 21, 2026"


@dataclass
class Page:
    """A group of functions: its first name is the page's."""

    functions: str
    about: str
    types: tuple[str, ...] = ()
    see: str = ""
    names: list[str] = field(init=False)

    def __post_init__(self):
        self.names = [f"rsocket_{name}" for name in self.functions.split()]


PAGES = [
    Page("listen connect", "make an endpoint from a URL"),
    Page("open pair dup", "make an endpoint from numbers, a pair, a duplicate"),
    Page("accept accept_timeout", "take the next connection of a listener"),
    Page("dial dial_wait bind", "give an endpoint a peer and an address"),
    Page("close closep shutdown", "end a conversation and close its descriptor", see="send_all.3"),
    Page(
        "recv recv_timeout recv_from recv_from_timeout recv_all",
        "receive bytes and datagrams",
    ),
    Page("send send_timeout send_to send_to_timeout send_all", "send bytes and datagrams"),
    Page("send_file", "send a file"),
    Page(
        "recv_msg send_msg recvv sendv msg_cred",
        "several buffers and control messages at once",
        see="cmsg.3",
    ),
    Page(
        "recv_batch send_batch",
        "many messages in one system call",
        types=("rsocket_msg",),
        see="recvmmsg.2 sendmmsg.2",
    ),
    Page("send_fds recv_fds", "pass open descriptors", see="unix.7"),
    Page(
        "peer_cred peer_pidfd peer_groups peer_security",
        "who is at the other end",
        types=("rsocket_cred",),
    ),
    Page(
        "addr_parse addr_from addr_unix addr_format addr_local addr_peer addr_equal addr_port",
        "addresses of every family, and their text",
        types=("rsocket_addr",),
    ),
    Page("set get", "options that are one int", see="getsockopt.2 socket.7 tcp.7 udp.7"),
    Page(
        "nl_open nl_request nl_next nl_why",
        "ask the kernel by netlink",
        types=("rsocket_nl",),
        see="rtnetlink.7",
    ),
    Page("nl_event nl_join nl_leave nl_family nl_group", "events of the kernel by netlink"),
    Page("nl_attr nl_nested nl_data nl_put", "read and write netlink attributes"),
    Page("activation_take activation_name", "descriptors from a service manager"),
    Page("strerror errname url_why", "what a negative result means"),
    Page("version version_string", "the version of the library"),
]

ERRNO = set(
    re.findall(
        r"#define\s+(E[A-Z0-9]+)\s",
        "".join(
            path.read_text()
            for path in map(
                Path,
                (
                    "/usr/include/asm-generic/errno-base.h",
                    "/usr/include/asm-generic/errno.h",
                ),
            )
        ),
    )
)


@dataclass
class Function:
    """A function of the header: what it gives and takes, and what its comment says."""

    name: str
    result: str
    parameters: list[str]
    paragraphs: list[str]

    def arguments(self):
        """The names of the parameters."""
        return [re.search(r"(\w+)(\[\d*\])?$", one)[1] for one in self.parameters if one != "void"]

    def split(self):
        """The paragraphs of the description, of the results, of the errors, and of threads."""
        about, results, errors, threads = [], [], [], []
        for paragraph in self.paragraphs:
            if paragraph.startswith("MT-safe"):
                threads.append(paragraph)
            elif paragraph.startswith("Returns and errors: "):
                rest = paragraph.removeprefix("Returns and errors: ")
                first, _, more = rest.partition("; ")
                results.append(f"Returns what {first.removeprefix('as ').rstrip('.')} returns.")
                errors.append(f"Those of {first.removeprefix('as ').rstrip('.')}.")
                if more:
                    errors.append(more)
            elif paragraph.startswith("Returns"):
                result, found, error = paragraph.partition("Errors: ")
                results.append(result.strip())
                errors += [error] if found else []
            elif paragraph.startswith("Errors: "):
                errors.append(paragraph.removeprefix("Errors: "))
            else:
                about.append(paragraph)
        return about, results, errors, threads


def paragraphs(comment):
    """The paragraphs of a comment, each as one line."""
    text = re.sub(r"^\s*\* ?", "", comment, flags=re.M).strip()
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]


def functions(header):
    """Every function of the header by its name."""
    found = {}
    pattern = re.compile(
        r"/\*\*\n((?: \*.*\n)*?) \*/\n"
        r"([a-z][\w \t*]*?)(rsocket_\w+)\(([^;]*?)\)\s*[^;()]*(?:\([^;]*)?;"
    )
    for comment, result, name, parameters in pattern.findall(header):
        parameters = [" ".join(one.split()) for one in parameters.split(",")]
        found[name] = Function(name, result.strip(), parameters, paragraphs(comment))
    return found


def structure(header, name):
    """The comment of a structure and its fields with theirs."""
    before, _, rest = header.partition(f"typedef struct {name} {{\n")
    comment = before[before.rindex("/**\n") + 4 : before.rindex(" */")]
    body = rest.partition(f"\n}} {name};")[0]
    fields = re.findall(r"/\*\*\n(.*?)\*/\n\s*([^;]+);", body, re.S)
    return paragraphs(comment), [(text.strip(), paragraphs(about)) for about, text in fields]


class Writer:
    """Turns the prose of the header into mdoc(7)."""

    TOKEN = re.compile(
        r"(?P<code>`[^`]+`)"
        r"|(?P<function>\brsocket_\w+)\(\)"
        r"|(?P<page>\b[a-z][\w.-]*)\((?P<section>\d)\)"
        r"|(?P<constant>\b(?:RSOCKET|MSG|SO|SOCK|AF|NLM_F|NLA_F|NETLINK|RTNLGRP|SHUT|SOL|EAI|O|IPV6|F|CAP|SCM)"
        r"_[A-Z0-9_]+\b(?!\.\.))"
        r"|(?P<errno>\bE[A-Z0-9]{3,}\b)"
    )

    def __init__(self, here, home):
        self.here = here
        self.home = home
        self.seen = set()

    def sentences(self, text, arguments=()):
        """The text, a line for each sentence, with macros on lines of their own."""
        lines = []
        for sentence in re.split(
            r"(?<=[.:]) (?=[A-Z`\"]|rsocket_\w+\(\) (?:that|to|reads|says))", text
        ):
            lines += self.sentence(sentence, arguments)
        return "\n".join(lines)

    def sentence(self, text, arguments):
        lines, start = [], 0
        pending = ""
        for found in self.TOKEN.finditer(text):
            macro = self.macro(found, arguments)
            if macro is None:
                continue
            pending += text[start : found.start()]
            opening = re.search(r"(?:(?<=\s)|^)[(\[\"]$", pending)
            if opening:
                pending = pending[: opening.start()]
            glued = bool(pending) and not pending[-1].isspace() and not opening
            self.plain(lines, pending, glued)
            after = re.match(r"[.,;:)\"]*(?=\s|$)", text[found.end() :])
            closing = after[0] if after else ""
            rest = text[found.end() :]
            if opening:
                macro = macro[:4] + opening[0] + " " + macro[4:]
            line = macro + "".join(f" {mark}" for mark in closing)
            pending = ""
            start = found.end() + len(closing)
            if not closing and rest and not rest[0].isspace():
                glue = re.match(r"\S+", rest)[0]
                marks = re.search(r"[.,;:)]*$", glue)[0]
                word = glue[: len(glue) - len(marks)]
                line += f" Ns {self.escape(word)}" + "".join(f" {mark}" for mark in marks)
                start += len(glue)
            lines.append(line)
        self.plain(lines, pending + text[start:], False)
        return lines

    def macro(self, found, arguments):
        """The macro for something found, or None where it is plain text."""
        if code := found["code"]:
            code = code.strip("`")
            if re.fullmatch(r"-E[A-Z0-9]+", code):
                return f".Er {code[1:]}"
            if code in arguments:
                return f".Fa {code}"
            return f".Ql {self.escape(code)}"
        if name := found["function"]:
            if name in self.here:
                return f".Fn {name}"
            self.seen.add((name, "3"))
            return f".Xr {name} 3"
        if found["page"]:
            self.seen.add((found["page"], found["section"]))
            return f".Xr {found['page']} {found['section']}"
        if found["errno"]:
            return f".Er {found['errno']}" if found["errno"] in ERRNO else None
        return f".Dv {found['constant']}"

    @staticmethod
    def escape(text):
        """Text that means itself to mdoc."""
        text = text.replace("\\", "\\e").replace('"', "\\(dq")
        text = re.sub(r"^([.'])", r"\\&\1", text)
        return re.sub(r"(^|\s)([(\[|.,:;?!)\]])(?=\s|$)", r"\1\\&\2", text)

    def plain(self, lines, text, glued):
        text = text.strip()
        if not text:
            return
        wrapped = textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False)
        for line in wrapped:
            line = line.replace("\\", "\\e")
            lines.append(re.sub(r"^([.'])", r"\\&\1", line))
        if glued:
            lines[-1] += "\\c"


def synopsis(function):
    """The prototype."""
    lines = [f".Ft {function.result}", f".Fo {function.name}"]
    lines += [f'.Fa "{one}"' for one in function.parameters]
    return [*lines, ".Fc"]


def capital(text):
    """With a capital letter at the front, unless it is code."""
    return text[0].upper() + text[1:] if re.match(r"[a-z]+\b(?!_)", text) else text


def options(header):
    """The names of the options by level, for the page of rsocket_set()."""
    lines = [
        ".Ss Options",
        "Each name is",
        ".Dv RSOCKET_",
        "and the kernel's own name; its comment in",
        ".In rsocket.h",
        "says the unit, and whether it can be set or only asked for.",
        ".Bl -tag -width Ds",
    ]
    text = header[header.index("#define RSOCKET_OPTION(") : header.index(" * Sets an option that")]
    for level, rows in re.findall(r"/\* (\w+) \*/\n((?:#define RSOCKET_.*\n)+)", text):
        names = re.findall(r"#define RSOCKET_(\w+)", rows)
        lines += [f".It Dv {level}", textwrap.fill(", ".join(names) + ".", 78)]
    return [*lines, ".El"]


def page(group, known, header, home):
    """The text of a page."""
    writer = Writer(group.names, home)
    members = [known[name] for name in group.names]
    title = group.names[0]
    lines = [
        f'.\\" Written by pages.py from the comments of rsocket.h and examples/{title}.c.',
        f".Dd {DATE}",
        f".Dt {title.upper()} 3",
        ".Os",
        ".Sh NAME",
        *(f".Nm {name} ," for name in group.names[:-1]),
        f".Nm {group.names[-1]}",
        f".Nd {group.about}",
        ".Sh LIBRARY",
        "librsocket",
        ".Pq Ql pkg-config --cflags --libs rsocket",
        ".Sh SYNOPSIS",
        ".In rsocket.h",
    ]
    for function in members:
        lines += synopsis(function)
    lines.append(".Sh DESCRIPTION")
    parts = {function.name: function.split() for function in members}
    for function in members:
        about = parts[function.name][0]
        if len(members) > 1:
            lines.append(f".Ss {function.name}()")
        lines.append("\n.Pp\n".join(writer.sentences(text, function.arguments()) for text in about))
    for name in group.types:
        about, fields = structure(header, name)
        lines += [f".Ss The structure {name}"]
        lines.append("\n.Pp\n".join(writer.sentences(text) for text in about))
        lines.append(".Bl -tag -width Ds")
        for declaration, texts in fields:
            lines.append(f'.It Vt "{declaration}"')
            lines.append("\n.Pp\n".join(writer.sentences(text) for text in texts))
        lines.append(".El")
    if title == "rsocket_set":
        lines += options(header)

    lines.append(".Sh RETURN VALUES")
    lines += each(members, writer, lambda function: parts[function.name][1], returned)
    lines += [".Sh EXAMPLES", *example(title)]
    if any(parts[name][2] for name in group.names):
        lines += [
            ".Sh ERRORS",
            "A negative result is minus one of these numbers, or a code below",
            ".Dv RSOCKET_EAI_BASE ;",
            ".Va errno",
            "is left equal to minus the result.",
            ".Pp",
        ]
        lines += each(members, writer, lambda function: parts[function.name][2], failed)
    lines.append(".Sh THREADS, SIGNALS AND CANCELLATION")
    lines += alike(members, writer, parts)
    lines += [".Sh SEE ALSO", *see_also(group, writer, home)]
    text = "\n".join(line for line in lines if line)
    return re.sub(r"\n\.Pp\n(\.S[hs])", r"\n\1", text) + "\n"


def returned(name, text):
    """A sentence with its subject."""
    verb = text.removeprefix("Returns ")
    return [f".Fn {name}", "returns"] if verb != text else [f".Fn {name} :"], verb


def failed(name, text):
    """What a function fails with."""
    return [f".Fn {name} :"], text[0].upper() + text[1:] if text[0].isalpha() else text


def each(members, writer, texts_of, begin):
    """One paragraph for each function that has something to say."""
    lines = []
    for function in members:
        texts = texts_of(function)
        if not texts:
            if begin is returned and function.result == "void":
                lines += [f".Fn {function.name}", "returns nothing.", ".Pp"]
            continue
        first, text = begin(function.name, texts[0])
        lines += first
        lines.append(writer.sentences(text, function.arguments()))
        for more in texts[1:]:
            lines.append(writer.sentences(capital(more), function.arguments()))
        lines.append(".Pp")
    return lines[:-1]


def alike(members, writer, parts):
    """What is said of threads, once for those of which the same is said."""
    said = {}
    for function in members:
        said.setdefault(" ".join(parts[function.name][3]), []).append(function.name)
    lines = []
    for text, names in said.items():
        if len(said) > 1 or len(members) > 1:
            lines += [f".Fn {name} ," for name in names[:-1]] + [f".Fn {names[-1]} :"]
        lines += [writer.sentences(text), ".Pp"]
    return [*lines, "What these words mean stands in", ".Xr librsocket 7 ."]


def example(title):
    """The program of a page, as it stands."""
    text = (HERE / "examples" / f"{title}.c").read_text()
    about, code = re.match(r"/\* (.*?) \*/\n(.*)", text, re.S).groups()
    about = " ".join(re.sub(r"\n \* ?", " ", about).split())
    code = code.strip("\n").replace("\\", "\\e")
    code = "\n".join(re.sub(r"^([.'])", r"\\&\1", line) for line in code.split("\n"))
    return [about, ".Bd -literal -offset indent", code, ".Ed"]


def see_also(group, writer, home):
    """The pages that were mentioned, and those that belong to it, in mandoc's order."""
    pages = {(home.get(name, name), section) for name, section in writer.seen}
    for name in group.see.split():
        title, _, section = name.rpartition(".")
        known = home.get(f"rsocket_{title}")
        pages.add((known or title, section))
    pages.add(("librsocket", "7"))
    pages.discard((group.names[0], "3"))
    ordered = sorted(pages, key=lambda page: (page[1], page[0]))
    return [f".Xr {name} {section} ," for name, section in ordered[:-1]] + [
        ".Xr {} {}".format(*ordered[-1])
    ]


def main():
    """Writes every page, and removes those of functions that are gone."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    header = HEADER.read_text()
    known = functions(header)
    home = {name: group.names[0] for group in PAGES for name in group.names}
    if missing := set(known) ^ set(home):
        sys.exit(f"these are on no page, or in no header: {', '.join(sorted(missing))}")
    for old in directory.glob("*.3"):
        old.unlink()
    for group in PAGES:
        (directory / f"{group.names[0]}.3").write_text(page(group, known, header, home))
        for name in group.names[1:]:
            (directory / f"{name}.3").write_text(f".so man3/{group.names[0]}.3\n")


if __name__ == "__main__":
    main()
