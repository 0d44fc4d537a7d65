#!/usr/bin/env python3
"""The house's arrows: what rooms include, what the build lists, what ARCHITECTURE.md shows.

    check_arrows.py --root . --rooms build/dev/rooms.txt

Refuses an include of a room that is not listed, a cycle, the bridge header outside `engine`,
a private header in the public ones, and a table in ARCHITECTURE.md that is not the build's.
"""

import argparse
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
ROW = re.compile(r"^\|\s*(\w+)\s*\|[^|]*\|([^|]*)\|\s*$", re.MULTILINE)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def sources(folder):
    return sorted([*folder.rglob("*.h"), *folder.rglob("*.cc")])


def check_rooms(root, rooms):
    for room, allowed in rooms.items():
        for path in sources(root / "src" / room):
            for name in includes(path):
                first = name.split("/")[0]
                if name == "lakegate_bridge.h" and room != "engine":
                    yield f"{path.relative_to(root)} includes the bridge header"
                if "/" in name and first in rooms and first != room and first not in allowed:
                    yield f"{path.relative_to(root)} includes {name}: {room} -> {first} is no arrow"


def check_outside(root, rooms):
    for path in sources(root / "include" / "lakegate"):
        for name in includes(path):
            if "/" in name and name.split("/")[0] in rooms:
                yield f"{path.relative_to(root)} includes {name}: private"
    for path in sources(root / "cli"):
        for name in includes(path):
            if name == "lakegate_bridge.h" or ("/" in name and name.split("/")[0] in rooms):
                yield f"{path.relative_to(root)} includes {name}: the command sees the API alone"


def check_order(rooms):
    known = set()
    for room, allowed in rooms.items():
        for other in allowed:
            if other not in known:
                yield f"{room} depends on {other}, which is not declared before it"
        known.add(room)


def check_table(root, rooms):
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = {room: set(depends.split()) for room, depends in ROW.findall(text) if room in rooms}
    for room, allowed in rooms.items():
        if room not in table:
            yield f"ARCHITECTURE.md has no row for {room}"
        elif table[room] != set(allowed):
            yield (f"ARCHITECTURE.md says {room} depends on {sorted(table[room])}, the build says "
                   f"{sorted(allowed)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--rooms", type=Path, required=True)
    arguments = parser.parse_args()
    rooms = {}
    for line in arguments.rooms.read_text().splitlines():
        room, _, depends = line.partition(":")
        rooms[room] = depends.split()
    folders = {path.name for path in (arguments.root / "src").iterdir() if path.is_dir()}
    wrong = [f"src/{name} is no room of the build" for name in sorted(folders - set(rooms))]
    wrong += check_rooms(arguments.root, rooms)
    wrong += check_outside(arguments.root, rooms)
    wrong += check_order(rooms)
    wrong += check_table(arguments.root, rooms)
    print("\n".join(wrong) or f"{len(rooms)} rooms, every arrow is drawn")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
