#!/usr/bin/env bash
# The one test command: sets up what the tests need, then checks and tests everything.
#
# With CI=true nothing may be missing. Elsewhere the tests that need a missing program are skipped and say so.
# SHORT=1 leaves out the race detector, for a quick look.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS="${GOFLAGS:--buildvcs=false}" GOTOOLCHAIN="${GOTOOLCHAIN:-local}"

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

# have CHECK PACKAGES WHY: installs Debian packages if CHECK fails, where that is possible.
have() {
  if eval "$1" >/dev/null 2>&1; then return; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $2: $3"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $2; } >/dev/null || true
  fi
  if eval "$1" >/dev/null 2>&1; then return; fi
  echo "missing: $2 ($3)"
  if [ "${CI:-}" = true ]; then exit 1; fi
}

step "set up"
have 'command -v initdb || ls /usr/lib/postgresql/*/bin/initdb' postgresql 'tests of the store on PostgreSQL'
have 'command -v chromium || command -v chromium-browser || command -v google-chrome' chromium 'tests in a browser'
have 'command -v "$(go env CC)"' 'gcc libc6-dev' 'the race detector'

step "build"
go build ./...

step "generated templates"
sums() { find web handlers -name '*_templ.go' -exec sha256sum {} + | sort -k2; }
before=$(sums)
bash scripts/generate.sh
if ! diff <(echo "$before") <(sums) >/dev/null; then
  echo "not generated from their templates (they are now; commit them):"
  diff <(echo "$before") <(sums) | awk '/^[<>]/ {print $3}' | sort -u
  exit 1
fi

step "gofmt"
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  echo "run gofmt -w on:"
  echo "$unformatted"
  exit 1
fi

step "go vet"
go vet ./...

# Pointer checks are off for SQLite only: it is C turned into Go, and they double its time.
# Every test once, shuffled, with the race detector, which is also the build in which bugs show most. What a build with
# it cannot measure (a file with the tag !race says so) is tested once more without.
race=-race
if [ "${SHORT:-}" = 1 ] || ! command -v "$(go env CC)" >/dev/null; then race=; fi
step "go test ${race:-without the race detector}"
go build -o "${TMPDIR:-/tmp}/portal-report" ./tools/report
go test $race -gcflags="modernc.org/...=-d=checkptr=0" -shuffle=on -timeout 25m -json ./... 2>&1 | "${TMPDIR:-/tmp}/portal-report"
timed=$(grep -rl --include='*_test.go' '^//go:build !race' . | xargs -r -n1 dirname | sort -u)
if [ -n "$race" ] && [ -n "$timed" ]; then
  step "limits of time and memory, without the race detector"
  go test -count=1 -json $timed 2>&1 | "${TMPDIR:-/tmp}/portal-report"
fi

step "all passed"
