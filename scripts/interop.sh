#!/usr/bin/env bash
# Signs in at a provider that we did not write: Dex, built once into a temporary folder (needs gcc, and minutes), started
# by the test on a loopback address. Other work is not needed: bash scripts/interop.sh
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS="${GOFLAGS:--buildvcs=false}"
# The last version that can be had as a Go module; its API module has to be raised by hand.
dex=v0.0.0-20240807174518-43956db7fd75 api=v2.2.0
folder="${TMPDIR:-/tmp}/portal-interop-$dex"
if [ ! -x "$folder/dex" ]; then
  mkdir -p "$folder"
  (
    cd "$folder"
    printf 'module interop\n\ngo 1.26\n' > go.mod
    export GOFLAGS=-mod=mod CGO_ENABLED=1
    go get -tool "github.com/dexidp/dex/cmd/dex@$dex" "github.com/dexidp/dex/api/v2@$api"
    go build -o dex.new github.com/dexidp/dex/cmd/dex
    mv dex.new dex
  )
fi
PORTAL_DEX="$folder/dex" go test -tags interop -count=1 -run TestInterop "$@" ./auth
