"""What the repository promises about itself."""

import re
import subprocess
import sys
from collections import Counter

import pytest

from conftest import ROOT


def tracked(*patterns):
    names = subprocess.check_output(["git", "ls-files", *patterns], cwd=ROOT, text=True)
    return [ROOT / name for name in names.splitlines() if (ROOT / name).exists()]


@pytest.mark.parametrize("crate", ["datafusion", "arrow", "parquet", "object_store"])
def test_the_lock_file_has_one_version_of(crate):
    text = (ROOT / "bridge" / "Cargo.lock").read_text()
    versions = Counter(re.findall(r'name = "([^"]+)"\nversion = "[^"]+"', text))
    assert versions[crate] == 1


def test_third_party_notices_are_what_the_lock_file_says():
    done = subprocess.run([sys.executable, "tools/notices.py", "--check"], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_file_names_a_machine():
    # Spelled in pieces so that this file does not match itself.
    wanted = re.compile("|".join(["/" + "work/", r"\.\./" + "shared", "/" + "root/",
                                  "artifact" + "ory"]))
    found = [f"{path.relative_to(ROOT)}:{number}"
             for path in tracked() if path.suffix not in (".parquet", ".png")
             for number, line in enumerate(
                 path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
             if wanted.search(line)]
    assert not found


def test_public_headers_are_pages():
    long = [path.name for path in tracked("include/lakegate/*.h")
            if len(path.read_text().splitlines()) > 260]
    assert not long


def test_markdown_links_lead_somewhere():
    broken = []
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")) \
                    and not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert not broken


def test_the_files_that_the_architecture_page_walks_through_are_there():
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:bridge|cli|docs|include|src|tests)/[\w./]*)`", page)
    assert len(named) > 20
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_example_of_the_readme_is_the_one_that_is_built():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = page.split("<!-- example")[1].split("```cpp\n")[1].split("```")[0]
    assert shown.strip() == (ROOT / "examples" / "library" / "main.cc").read_text().strip()


def test_the_rooms_of_the_architecture_page_are_those_of_the_build():
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    written = {name.strip(): depends.split()
               for name, _, depends in re.findall(r"^\| (\w+) \| ([^|]*) \| ?([^|]*)\|$",
                                                  page.split("<!-- rooms")[1].split("\n\n")[0],
                                                  re.MULTILINE) if name != "room"}
    lines = (ROOT / "build" / "release" / "rooms.txt").read_text(encoding="utf-8").splitlines()
    built = {name: depends.split() for name, depends in
             (line.split(":", 1) for line in lines if line)}
    assert written == built
