#!/usr/bin/env bash
# Serves a private, empty PostgreSQL until standard input ends, then leaves nothing behind. Prints one line: its connection string.
#
# The end of the input is the one signal that also arrives when the owner of the server is killed, so no owner can leave it running.
# It has a session of its own, so that Ctrl+C in a terminal reaches its owner only: the silos still write their last words.
set -euo pipefail
cd /

if [ "$(id -u)" = 0 ]; then
  # PostgreSQL refuses to run as root.
  if ! id postgres >/dev/null 2>&1; then
    echo "PostgreSQL does not run as root, and there is no user 'postgres' for it." >&2
    exit 1
  fi
  exec runuser -u postgres -- env SERVE_SCRIPT="$SERVE_SCRIPT" bash -c "$SERVE_SCRIPT"
fi

binaries="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)"
if [ -z "$binaries" ] && command -v pg_config >/dev/null; then
  binaries="$(pg_config --bindir)"
fi
if [ ! -x "$binaries/initdb" ]; then
  echo "There is no PostgreSQL server on this machine." >&2
  exit 1
fi

# Not below TMPDIR: the path of a Unix socket has at most 107 bytes.
folder="$(mktemp -d /tmp/orleansruns-demo.XXXXXX)"
stop() {
  # Nothing of this server is kept, so it need not stop gracefully.
  "$binaries/pg_ctl" stop -D "$folder/data" -m immediate -s -t 20 </dev/null >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap stop EXIT
trap '' INT
trap 'exit 143' TERM

# Whoever reaches the port could otherwise run commands as this user.
password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
printf '%s' "$password" >"$folder/password"
"$binaries/initdb" --no-sync -D "$folder/data" -U orleansruns --pwfile="$folder/password" \
  --auth=scram-sha-256 --encoding=UTF8 --no-locale </dev/null >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
cat >>"$folder/data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 300
SETTINGS

# A port is only known to be free once the server has it.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  port=$((20000 + RANDOM % 12000))
  # pg_ctl gives the server a session of its own.
  if "$binaries/pg_ctl" start -D "$folder/data" -o "-p $port" -l "$folder/server.log" -s -w -t 60 </dev/null >/dev/null 2>&1; then
    echo "Host=127.0.0.1;Port=$port;Username=orleansruns;Password=$password;Database=postgres"
    while read -r _; do :; done
    exit 0
  fi
done

echo "PostgreSQL did not start:" >&2
tail -n 20 "$folder/server.log" >&2
exit 1
