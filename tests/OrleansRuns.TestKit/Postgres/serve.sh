#!/usr/bin/env bash
# Serves a private, empty PostgreSQL until standard input ends, then leaves nothing behind. Prints one line: its connection string.
# Lines of the input are faults to have, each answered by the line "done" when it is over:
#   restart fast|immediate    stops the server in that mode and starts it again on its port
#   stall SECONDS             lets every process of the server stand still for so long
#
# The end of the input is the one signal that also arrives when the owner of the server is killed, so no owner can leave it running.
set -euo pipefail

script="${SERVE_SCRIPT:-$(cat "${BASH_SOURCE[0]}")}"
cd /

if [ "$(id -u)" = 0 ]; then
  # PostgreSQL refuses to run as root, and the postgres user may not be allowed to read the checkout: it is handed the text.
  if ! id postgres >/dev/null 2>&1; then
    echo "PostgreSQL does not run as root and there is no user 'postgres'. Install the package 'postgresql'." >&2
    exit 1
  fi
  exec runuser -u postgres -- env SERVE_SCRIPT="$script" bash -c "$script"
fi

binaries="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)"
if [ -z "$binaries" ] && command -v pg_config >/dev/null; then
  binaries="$(pg_config --bindir)"
fi
if [ ! -x "$binaries/initdb" ]; then
  echo "No PostgreSQL server found. Install the package 'postgresql', or set ORLEANSRUNS_TEST_POSTGRES to a connection string." >&2
  exit 1
fi

# Not below TMPDIR: the path of a Unix socket has at most 107 bytes, and the user may have changed since TMPDIR was set.
folder="$(mktemp -d /tmp/orleansruns-postgres.XXXXXX)"
stop() {
  # Nothing of this server is kept, so it need not stop gracefully.
  "$binaries/pg_ctl" stop -D "$folder/data" -m immediate -s -t 20 </dev/null >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 143' TERM

# Whoever reaches the port could otherwise run commands as this user.
password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
printf '%s' "$password" >"$folder/password"
# Not synced: a machine that fails now has no test to tell. The running server syncs everything.
"$binaries/initdb" --no-sync -D "$folder/data" -U orleansruns --pwfile="$folder/password" \
  --auth=scram-sha-256 --encoding=UTF8 --no-locale </dev/null >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }

# Durability stays as the server ships it: it is what the tests are about. Every silo of a test has a pool of its own.
cat >>"$folder/data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 300
fsync = on
synchronous_commit = on
full_page_writes = on
SETTINGS

restart() {
  "$binaries/pg_ctl" restart -D "$folder/data" -o "-p $port" -l "$folder/server.log" -m "$1" -s -w -t 60
}

stall() {
  local server
  server="$(head -n 1 "$folder/data/postmaster.pid")"
  # The server first, so that it starts nothing that is missed.
  kill -STOP "$server"
  pkill -STOP -P "$server" || true
  sleep "$1"
  pkill -CONT -P "$server" || true
  kill -CONT "$server"
}

# A port is only known to be free once the server has it.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  port=$((20000 + RANDOM % 12000))
  if "$binaries/pg_ctl" start -D "$folder/data" -o "-p $port" -l "$folder/server.log" -s -w -t 60 </dev/null >/dev/null 2>&1; then
    echo "Host=127.0.0.1;Port=$port;Username=orleansruns;Password=$password;Database=postgres"
    while read -r fault argument; do
      "$fault" "$argument" </dev/null >&2
      echo "done"
    done
    exit 0
  fi
done

echo "PostgreSQL did not start:" >&2
tail -n 20 "$folder/server.log" >&2
exit 1
