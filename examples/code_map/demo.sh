#!/usr/bin/env bash
# The main job from nothing: collect, run, compare with the oracle. `make demo` calls it.
set -euo pipefail

lakegate="$(realpath "$1")"
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf '\n$ %s\n' "$*"; }

say "python3 collect.py --expect"
python3 collect.py --expect

say "lakegate write --sql 'SELECT * FROM functions' --to data/functions.parquet"
"$lakegate" write --table functions=data/functions.ndjson --sql "SELECT * FROM functions" \
  --to data/functions.parquet --format parquet --mode overwrite

say "lakegate run job.toml"
"$lakegate" run job.toml

say "python3 check.py"
python3 check.py --lakegate "$lakegate"
