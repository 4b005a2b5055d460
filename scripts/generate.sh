#!/usr/bin/env bash
# Makes the Go code of all templates, folder by folder, so that the files come out the same wherever it is called from.
set -euo pipefail
cd "$(dirname "$0")/.."
find web handlers -name '*.templ' -exec dirname {} + | sort -u | while read -r folder; do
  go tool templ generate -path "$folder" -log-level error
done
