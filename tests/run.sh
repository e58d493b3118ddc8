#!/usr/bin/env bash
# Builds, checks the format of and tests the whole solution, with a real PostgreSQL that lives as long as this script.
# The last line is "N passed, N failed", summed over all test projects. Exits with 0 only if everything passed.
#
#   ORLEANSRUNS_LONG=1               long loops in the property, race and fault tests
#   ORLEANSRUNS_TEST_POSTGRES=...    uses this server (its role may create databases) instead of starting one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

solution=OrleansRuns.sln
results="$PWD/artifacts/test-results"
passed=0
failed=0

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

finish() {
  local status=$?
  trap - EXIT
  if [ -n "${POSTGRES_PID:-}" ]; then
    # Captured first: bash forgets the variable with the process.
    local server=$POSTGRES_PID
    eval "exec ${POSTGRES[1]}>&-"
    wait "$server" || true
  fi
  printf '%s passed, %s failed\n' "$passed" "$failed"
  exit "$status"
}
trap finish EXIT

require_dotnet() {
  command -v dotnet >/dev/null || fail "the .NET SDK is missing; global.json names the version to install"
  # Run in the checkout, so that global.json has its say.
  dotnet --version >/dev/null || fail "the installed .NET SDKs do not satisfy global.json"
}

require_postgres() {
  if compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; then
    return
  fi
  say "Install PostgreSQL"
  command -v apt-get >/dev/null || fail "PostgreSQL is missing; install it or set ORLEANSRUNS_TEST_POSTGRES"
  [ "$(id -u)" = 0 ] || fail "PostgreSQL is missing and installing it needs root; install it or set ORLEANSRUNS_TEST_POSTGRES"
  DEBIAN_FRONTEND=noninteractive apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql
}

start_postgres() {
  if [ -n "${ORLEANSRUNS_TEST_POSTGRES:-}" ]; then
    say "Use the PostgreSQL of ORLEANSRUNS_TEST_POSTGRES"
    return
  fi
  require_postgres
  say "Start PostgreSQL"
  # No program started below inherits the ends of a coprocess, so a compiler that stays behind does not keep the server alive.
  coproc POSTGRES { exec bash tests/OrleansRuns.TestKit/Postgres/serve.sh; }
  read -r -t 120 -u "${POSTGRES[0]:-}" ORLEANSRUNS_TEST_POSTGRES || fail "PostgreSQL did not start"
  export ORLEANSRUNS_TEST_POSTGRES
}

# The sum of one counter over the result files of all test projects.
sum() {
  { find "$results" -name '*.trx' -exec grep -ho '<Counters [^>]*' {} + || true; } \
    | { grep -o " $1=\"[0-9]*\"" || true; } \
    | tr -dc '0-9\n' \
    | awk '{ total += $1 } END { print total + 0 }'
}

run_tests() {
  local status=0 hang=10m
  [ "${ORLEANSRUNS_LONG:-}" != 1 ] || hang=60m
  rm -rf "$results"
  mkdir -p "$results"
  # One project after the other: tests with bounded waits do not share the machine with each other's silos.
  dotnet test "$solution" --no-build --nologo -m:1 --logger trx --results-directory "$results" \
    --blame-hang-timeout "$hang" --blame-hang-dump-type none || status=$?

  passed=$(sum passed)
  failed=$(($(sum failed) + $(sum error) + $(sum timeout) + $(sum aborted)))
  local left_out=$(($(sum total) - passed - failed))
  printf '\n'
  if [ "$left_out" -gt 0 ]; then
    printf 'error: %s tests did not run\n' "$left_out" >&2
    failed=$((failed + left_out))
  fi
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    # A test host that crashed writes no result for the test that it died of.
    printf 'error: dotnet test ended with %s although no test failed; counted as one failure\n' "$status" >&2
    failed=1
  fi
  # What this machine does not allow, as the tests have said it.
  { grep -rho --include='*.trx' 'Not tested: [^<&]*' "$results" || true; } | sort -u
  [ "$failed" -eq 0 ] || exit 1
  [ "$passed" -gt 0 ] || fail "no test ran"
}

require_dotnet
start_postgres
say "Build"
dotnet build "$solution" --nologo
say "Check the format"
dotnet format "$solution" --verify-no-changes --no-restore
say "Test"
run_tests
