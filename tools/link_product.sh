#!/usr/bin/env bash
# Leaves build/lakegate and build/liblakegate.so: links into the given build folder.
set -euo pipefail
folder="$1"
for name in lakegate liblakegate.so; do
  if [[ ! -f "$folder/$name" ]]; then
    echo "link_product: $folder/$name was not built" >&2
    exit 1
  fi
  ln -sfn "${folder#build/}/$name" "build/$name"
done
