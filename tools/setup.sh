#!/usr/bin/env bash
# Installs what a build needs and a fresh Debian 12 lacks, or says how to.
#
# With everything in place it takes a fraction of a second and changes nothing. Debian
# packages are installed when we are root; otherwise the exact command is printed and the
# set-up fails. Rust is never installed for anyone: one line says what is missing.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly rust_needed="1.95"
export PATH="$PATH:$HOME/.cargo/bin"

fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

package_names() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$here/packages.txt" | awk '{print $1}'; }

missing_packages() {
  local name
  while read -r name; do
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || echo "$name"
  done < <(package_names)
}

install_packages() {
  command -v dpkg-query >/dev/null ||
    fail "this is no Debian system; install the equivalents of: $(package_names | xargs)"
  local missing
  missing="$(missing_packages | xargs)"
  [[ -z "$missing" ]] && return
  local install="apt-get install -y --no-install-recommends $missing"
  if [[ "$(id -u)" != 0 ]]; then
    fail "packages are missing; run: sudo apt-get update && sudo $install"
  fi
  echo "setup: installing $missing"
  export DEBIAN_FRONTEND=noninteractive
  local log
  log="$(mktemp)"
  # shellcheck disable=SC2086  # the list is meant to split
  if ! { apt-get update && $install; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "the packages could not be installed; run: apt-get update && $install"
  fi
  rm -f "$log"
}

at_least() { [[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" == "$2" ]]; }

check_compiler() {
  command -v g++ >/dev/null || fail "no g++ was found; g++ 12 or newer is needed (apt-get install g++)"
  local version
  version="$(g++ -dumpversion)"
  at_least "$version" 12 || fail "g++ $version is too old; 12 or newer is needed (apt-get install g++-12)"
}

check_rust() {
  command -v rustc >/dev/null && command -v cargo >/dev/null ||
    fail "no Rust toolchain was found; Rust $rust_needed or newer is needed (https://rustup.rs)"
  local version
  version="$(rustc --version | awk '{print $2}')"
  at_least "${version%%-*}" "$rust_needed" ||
    fail "Rust $version is too old; $rust_needed or newer is needed (rustup update stable)"
  local sysroot
  sysroot="$(rustc --print sysroot)"
  [[ -x "$sysroot/bin/clippy-driver" && -x "$sysroot/bin/rustfmt" ]] ||
    fail "clippy or rustfmt is missing from the Rust toolchain (rustup component add clippy rustfmt)"
}

check_rust
check_compiler
install_packages
