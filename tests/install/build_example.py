#!/usr/bin/env python3
"""examples/library, built against `cmake --install`'s output by find_package and by pkg-config.

    build_example.py --root . --build build/dev --cxx g++ --sanitize address,undefined
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True,
                          text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def check_output(text, folder):
    receipt = json.loads(text)
    assert receipt["rows"] == 2, receipt
    assert sorted(path.name for path in (folder / "_delta_log").glob("*.json")) == [
        "00000000000000000000.json"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--cxx", default="g++")
    parser.add_argument("--sanitize", default="")
    arguments = parser.parse_args()
    example = arguments.root.resolve() / "examples" / "library"
    flags = [f"-fsanitize={arguments.sanitize}"] if arguments.sanitize else []
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prefix = folder / "prefix"
        run("cmake", "--install", arguments.build, "--prefix", prefix)
        library = next(prefix.rglob("liblakegate.so")).parent
        environment["LD_LIBRARY_PATH"] = str(library)

        run("cmake", "-S", example, "-B", folder / "found", f"-DCMAKE_PREFIX_PATH={prefix}",
            f"-DCMAKE_CXX_COMPILER={arguments.cxx}", f"-DCMAKE_CXX_FLAGS={' '.join(flags)}")
        run("cmake", "--build", folder / "found")
        check_output(run(folder / "found" / "example", folder / "by_cmake", env=environment),
                     folder / "by_cmake")

        package = dict(os.environ, PKG_CONFIG_PATH=str(library / "pkgconfig"))
        words = run("pkg-config", "--cflags", "--libs", "lakegate", env=package).split()
        run(arguments.cxx, "-std=c++20", *flags, example / "main.cc", "-o", folder / "example",
            *words)
        check_output(run(folder / "example", folder / "by_pkg_config", env=environment),
                     folder / "by_pkg_config")
        run(prefix / "bin" / "lakegate", "version", env=environment)
    print("the example builds and runs against the install, both ways")


if __name__ == "__main__":
    main()
