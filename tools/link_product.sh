#!/usr/bin/env bash
# Leaves build/lakegate and build/liblakegate.so: links into the given build folder.
set -euo pipefail
folder="$1"
for name in lakegate liblakegate.so; do
  found="$(find "$folder" -name "$name" \( -type f -o -type l \) -not -path '*/CMakeFiles/*' | sort | head -n 1)"
  if [[ -z "$found" ]]; then
    echo "link_product: $name was not built under $folder" >&2
    exit 1
  fi
  ln -sfn "${found#build/}" "build/$name"
done
