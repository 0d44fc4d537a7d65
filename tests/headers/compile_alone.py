#!/usr/bin/env python3
"""Every public header compiles alone: C++20 all of them, C11 the two plain C ones.

    compile_alone.py --root . --cxx g++ --cc gcc
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--cxx", default="g++")
    parser.add_argument("--cc", default="gcc")
    arguments = parser.parse_args()
    include = ["-I", arguments.root / "include", "-I", arguments.root / "bridge" / "include"]
    headers = sorted(p.name for p in (arguments.root / "include" / "lakegate").glob("*.h"))
    assert len(headers) > 10, headers
    cases = [("c++", [arguments.cxx, "-std=c++20"], f"lakegate/{name}") for name in headers]
    cases += [("c++", [arguments.cxx, "-std=c++20"], "lakegate_bridge.h")]
    cases += [("c", [arguments.cc, "-std=c11"], name)
              for name in ("lakegate/arrow_c.h", "lakegate_bridge.h")]

    def compile_one(case):
        language, command, header = case
        with tempfile.NamedTemporaryFile("w", suffix=".cc" if language == "c++" else ".c") as file:
            # Twice: the guard must hold.
            file.write(f'#include "{header}"\n#include "{header}"\n')
            file.flush()
            done = subprocess.run([*command, *STRICT, *include, file.name], check=False,
                                  capture_output=True, text=True)
        return header, language, done

    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for header, language, done in pool.map(compile_one, cases):
            if done.returncode != 0:
                failed += 1
                print(f"{header} does not compile alone as {language}:\n{done.stderr}")
    print(f"{len(cases) - failed} of {len(cases)} compile alone")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
