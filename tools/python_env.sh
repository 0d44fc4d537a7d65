#!/usr/bin/env bash
# Prints the folder of a Python environment with the packages of a requirements file; makes
# it first when there is none for these very contents and this interpreter.
#
#   tools/python_env.sh tests/e2e/requirements.txt
set -euo pipefail

requirements="$1"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/lakegate"
key="$( (python3 -c 'import sys; print(sys.version, sys.executable)'; cat "$requirements") | sha256sum | cut -c1-16)"
environment="$cache/python/$key"

if [[ ! -e "$environment/complete" ]]; then
  rm -rf "$environment"
  mkdir -p "$(dirname "$environment")"
  python3 -m venv "$environment" >&2
  "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >&2
  touch "$environment/complete"
fi
echo "$environment"
