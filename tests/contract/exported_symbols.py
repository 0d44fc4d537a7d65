#!/usr/bin/env python3
"""The library exports its public API and nothing else: every dynamic symbol it defines is in
namespace lakegate, none is in a room, none is Rust's.

    exported_symbols.py --library build/release/liblakegate.so
"""

import argparse
import re
import subprocess
import sys

ROOMS = ("base columnar hashing observe registry profile guard catalog kernels datasets render "
         "engine delta write session job cli").split()
# Left by the toolchain, not by us.
ALLOWED = re.compile(r"^(_init|_fini|_edata|_end|__bss_start|__asan_.*|__odr_asan.*)$")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    library = parser.parse_args().library
    lines = subprocess.run(["nm", "-D", "--defined-only", "--demangle", library], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    names = [line.split(" ", 2)[2] for line in lines if line.count(" ") >= 2]
    wrong = []
    for name in names:
        plain = re.sub(r"^(typeinfo name|typeinfo|vtable|VTT) for ", "", name)
        if ALLOWED.match(plain):
            continue
        # Functions may begin with their result type only when they are templates.
        if not plain.startswith("lakegate::") or plain.split("::")[1] in ROOMS:
            wrong.append(name)
    needed = ["lakegate::Session::Open(", "lakegate::Job::Load(", "lakegate::Render(",
              "lakegate::IntervalAlign(", "lakegate::Profile::Build("]
    missing = [start for start in needed if not any(name.startswith(start) for name in names)]
    for name in wrong:
        print(f"exported by mistake: {name}")
    for name in missing:
        print(f"not exported: {name}")
    print(f"{len(names)} symbols")
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main())
