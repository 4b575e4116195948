# SPDX-License-Identifier: GPL-3.0-or-later
#
# For test scripts: a home of their own, the test server, and waiting for things
# instead of for time. Use it as
#
#	. "${srcdir:-.}/server/lib.sh"
#	start_server [OPTION]...
#	causerie start --no-stream Hello | grep 'You said: Hello' || fail 'no answer'
#
# Sets WORK (a folder that goes away), HOME and the XDG variables inside it, and
# CAUSERIE; start_server also PORT, BASE_URL and the two MISTRAL_ variables.

set -u
umask 077

srcdir=${srcdir:-.}
builddir=${builddir:-.}
CAUSERIE=${CAUSERIE:-$builddir/../src/causerie}
FAKESERVER=${FAKESERVER:-$builddir/server/fakeserver}
case $CAUSERIE in /*) ;; *) CAUSERIE=$PWD/$CAUSERIE ;; esac
case $FAKESERVER in /*) ;; *) FAKESERVER=$PWD/$FAKESERVER ;; esac

WORK=$(mktemp -d "${TMPDIR:-/tmp}/causerie-test.XXXXXX") || exit 99
HOME=$WORK/home
XDG_CONFIG_HOME=$HOME/.config
XDG_DATA_HOME=$HOME/.local/share
XDG_STATE_HOME=$HOME/.local/state
mkdir -p "$XDG_CONFIG_HOME/causerie" "$XDG_DATA_HOME" "$XDG_STATE_HOME" || exit 99
export HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME CAUSERIE
unset MISTRAL_API_KEY MISTRAL_BASE_URL CAUSERIE_PROFILE NO_COLOR LANGUAGE VISUAL EDITOR
unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY
LC_ALL=${TEST_LOCALE:-C.UTF-8}
TZ=UTC
export LC_ALL TZ

SERVER_PID=

# Called on every way out; a script with more to tidy defines at_exit.
at_exit() { :; }

tidy() {
	status=$?
	trap - EXIT HUP INT TERM
	at_exit
	stop_server
	rm -rf "$WORK"
	exit "$status"
}
trap tidy EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}

skip() {
	printf 'SKIP: %s\n' "$*" >&2
	exit 77
}

# wait_for [-n TRIES] COMMAND...: tries it every 50 ms, 200 times if not said,
# until it succeeds.
wait_for() {
	tries=200
	if [ "$1" = -n ]; then
		tries=$2
		shift 2
	fi
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

start_server() {
	rm -f "$WORK/port"
	"$FAKESERVER" --port-file "$WORK/port" --log "$WORK/requests" "$@" 2>>"$WORK/server" &
	SERVER_PID=$!
	wait_for test -s "$WORK/port" || fail "the test server does not start: $(cat "$WORK/server")"
	PORT=$(cat "$WORK/port")
	BASE_URL=http://127.0.0.1:$PORT
	MISTRAL_BASE_URL=$BASE_URL
	MISTRAL_API_KEY=test-key
	export PORT BASE_URL MISTRAL_BASE_URL MISTRAL_API_KEY
}

stop_server() {
	[ -n "$SERVER_PID" ] || return 0
	kill "$SERVER_PID" 2>/dev/null
	wait "$SERVER_PID" 2>/dev/null
	SERVER_PID=
}

# server METHOD PATH [BODY]: one request to it, with its answer printed.
server() {
	"$FAKESERVER" --request "$PORT" "$@"
}

# server_fault DIRECTIVES [COUNT [METHOD [PATH]]]: for requests that have no prompt.
server_fault() {
	where=
	[ $# -lt 3 ] || where=",\"method\":\"$3\""
	[ $# -lt 4 ] || where="$where,\"path\":\"$4\""
	server POST /_control "{\"fault\":\"$1\",\"count\":${2:-1}$where}" >/dev/null
}

server_release() {
	server POST /_release >/dev/null
}

# server_number NAME: requests, connections, open, holding, stalled or faults.
server_number() {
	server GET /_state | sed -n "s/^{.*\"$1\":\([0-9]*\),.*/\1/p"
}

server_is() { # NAME NUMBER
	[ "$(server_number "$1")" = "$2" ]
}

# The requests so far, a line of JSON each.
server_log() {
	cat "$WORK/requests" 2>/dev/null
}

# server_count REGEX: how many of them match.
server_count() {
	server_log | grep -c -e "$1"
}

causerie() {
	"$CAUSERIE" "$@"
}

# profile: standard input becomes the profile.
profile() {
	cat >"$XDG_CONFIG_HOME/causerie/profile.yaml"
	chmod 600 "$XDG_CONFIG_HOME/causerie/profile.yaml"
}
