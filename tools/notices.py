#!/usr/bin/env python3
"""Writes THIRD_PARTY.md: what the binary contains besides our own code, and its licences.

    tools/notices.py            write it
    tools/notices.py --check    exit code 1 when the file is not what would be written

Sources: bridge/Cargo.lock as cargo resolves it for Linux (normal dependencies alone, no build
scripts, macros or tests) and the packages marked "linked" in tools/packages.txt. Where a crate
offers Apache-2.0 among others, we take that; its text is in LICENSE. Other texts are printed
once, with the crates that they hold for.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "THIRD_PARTY.md"
PLATFORM = "x86_64-unknown-linux-gnu"
TEXT_NAMES = ("LICENSE", "LICENCE", "COPYING", "UNLICENSE", "NOTICE")


def metadata():
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1",
               "--filter-platform", PLATFORM]
    return json.loads(subprocess.check_output(command, cwd=ROOT / "bridge"))


def linked_crates():
    """Crates whose code is in the archive, by name and version; the bridge itself is ours."""
    data = metadata()
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    seen, todo = set(), [data["resolve"]["root"]]
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        for dependency in nodes[current]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            targets = packages[dependency["pkg"]]["targets"]
            if normal and not any(target["kind"] == ["proc-macro"] for target in targets):
                todo.append(dependency["pkg"])
    seen.discard(data["resolve"]["root"])
    return sorted((packages[name] for name in seen),
                  key=lambda package: (package["name"], package["version"]))


def offers_apache(expression):
    """Whether Apache-2.0 alone satisfies an SPDX expression such as "MIT OR Apache-2.0"."""
    alternatives = re.split(r"\s+OR\s+|/", expression)
    return " AND " not in expression and any(
        re.fullmatch(r"\s*Apache-2\.0( WITH LLVM-exception)?\s*", one) for one in alternatives)


def texts(package, wanted):
    folder = Path(package["manifest_path"]).parent
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.upper().startswith(wanted):
            yield path.read_text(encoding="utf-8", errors="replace").strip()


def group(crates, wanted):
    """Equal texts once: [(names, text)], in order of the first name."""
    by_text = defaultdict(lambda: ([], ""))
    for package in crates:
        for text in texts(package, wanted):
            key = " ".join(text.split())
            names, _ = by_text[key]
            label = f"{package['name']} {package['version']}"
            if label not in names:
                names.append(label)
            by_text[key] = (names, text)
    return sorted(by_text.values(), key=lambda entry: entry[0][0])


def linked_packages():
    """Rows of packages.txt: (package, project)."""
    for line in (ROOT / "tools" / "packages.txt").read_text().splitlines():
        fields = line.split("#")[0].split(None, 2)
        if len(fields) == 3 and fields[1] == "linked":
            yield fields[0], fields[2]


def fenced(text):
    return "~~~text\n" + "\n".join(line.rstrip() for line in text.splitlines()) + "\n~~~\n"


def document():
    crates = linked_crates()
    lines = ["# Third-party notices", "",
             "What the Lakegate binary contains besides its own code. Written by "
             "`tools/notices.py`; do not edit.", "",
             "## C++ libraries", "", "| project | Debian package |", "|---|---|"]
    packages = list(linked_packages())
    lines += [f"| {project} | {package} |" for package, project in packages]
    lines += ["", "## Rust crates", "", "| crate | version | licence |", "|---|---|---|"]
    lines += [f"| {package['name']} | {package['version']} | "
              f"{(package['license'] or 'see its text').replace('|', '/')} |"
              for package in crates]
    lines += ["", "Where Apache-2.0 is among the choices, it is the one taken; its text is in "
              "LICENSE.", "", "## Notices", ""]
    for names, text in group(crates, ("NOTICE",)):
        lines += [f"{', '.join(names)}:", "", fenced(text)]
    lines += ["## Licence texts", ""]
    others = [package for package in crates if not offers_apache(package["license"] or "")]
    for names, text in group(others, tuple(name for name in TEXT_NAMES if name != "NOTICE")):
        lines += [f"{', '.join(names)}:", "", fenced(text)]
    for package, project in packages:
        copyright_file = Path("/usr/share/doc") / package / "copyright"
        if copyright_file.exists():
            text = copyright_file.read_text(encoding="utf-8", errors="replace").strip()
            lines += [f"{project} ({package}):", "", fenced(text)]
    return "\n".join(lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    wanted = document()
    if not arguments.check:
        OUTPUT.write_text(wanted, encoding="utf-8")
        return 0
    if OUTPUT.exists() and OUTPUT.read_text(encoding="utf-8") == wanted:
        return 0
    print("THIRD_PARTY.md is not what the lock file and the package list say: make notices",
          file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
