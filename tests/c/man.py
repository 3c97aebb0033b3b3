"""The installed manual pages against the installed header: `man.py PREFIX MAP CC`.

Every function of the version script has a page that names it, and what the page's synopsis says is
what the compiler knows from the header.
"""

import re
import subprocess
import sys
from pathlib import Path

PREFIX, MAP, CC = sys.argv[1:]
MAN = Path(PREFIX) / "share/man"


def page_of(name):
    """The text of a function's page, through a page that only leads to another."""
    text = (MAN / f"man3/{name}.3").read_text()
    lead = re.fullmatch(r"\.so (\S+)\n", text)
    return (MAN / lead[1]).read_text() if lead else text


def prototypes(text):
    """What a synopsis declares, as C."""
    for result, name, rest in re.findall(r"^\.Ft (.+)\n\.Fo (\w+)\n((?:\.Fa .+\n)*)", text, re.M):
        parameters = re.findall(r'^\.Fa "(.+)"$', rest, re.M)
        yield name, f"{result} {name}({', '.join(parameters)});"


def main():
    """Compares each function's page with the header."""
    names = re.findall(r"^ *(rsocket_\w+);$", Path(MAP).read_text(), re.M)
    assert len(names) > 60, names
    declared = {}
    for name in names:
        text = page_of(name)
        named = re.findall(r"^\.Nm (\w+)", text, re.M)
        assert name in named, f"{name} is not in the NAME of its page"
        for section in ("RETURN VALUES", "EXAMPLES", "THREADS", "SEE ALSO"):
            assert f".Sh {section}" in text, f"the page of {name} has no {section}"
        declared |= dict(prototypes(text))
    assert set(declared) == set(names), set(declared) ^ set(names)
    source = "#include <rsocket.h>\n" + "\n".join(declared.values()) + "\n"
    command = [CC, "-std=c11", "-Wall", "-Werror", "-fsyntax-only", "-x", "c", "-"]
    subprocess.run([*command, f"-I{PREFIX}/include"], input=source, text=True, check=True)
    # The check of the check: a prototype that differs is found.
    wrong = source.replace("int rsocket_pair(int type", "int rsocket_pair(long type")
    assert wrong != source
    done = subprocess.run(
        [*command, f"-I{PREFIX}/include"], input=wrong, text=True, check=False, capture_output=True
    )
    assert done.returncode != 0, "a wrong prototype goes unnoticed"
    manual = (MAN / "man7/librsocket.7").read_text()
    listed = set(re.findall(r"^\.Xr (rsocket_\w+) 3", manual, re.M))
    assert listed == set(names), listed ^ set(names)


main()
