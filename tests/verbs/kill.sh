#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# kill -9 at any moment of anything, against servers that fail in every way:
# what a server was sent is in the store, nothing is sent twice, the store is
# whole and the next start works with it.
#
#	CAUSERIE_KILLS=1000     how often; 25 if not said
#	CAUSERIE_KILL_SEED=N    the same again: when and at what, as far as the
#	                        machine is as quick; printed at the start

. "${srcdir:-.}/tap.sh"

kills=${CAUSERIE_KILLS:-25}
seed=${CAUSERIE_KILL_SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
echo "# CAUSERIE_KILL_SEED=$seed CAUSERIE_KILLS=$kills"

number=$seed
random() { # BELOW: a number from 0 in $value
	number=$(((number * 1103515245 + 12345) & 0x7fffffff))
	value=$(((number >> 8) % $1))
}

# Two servers, since only one of them takes what the other would refuse.
start_server
"$FAKESERVER" --port-file "$WORK/port2" --log "$WORK/requests2" --openai 2>>"$WORK/server" &
second=$!
at_exit() {
	kill "$second"
}
wait_for test -s "$WORK/port2" || fail 'the second server does not start'
profile <<-END
	connections:
	  local:
	    api: chat-completions
	    base_url: http://127.0.0.1:$(cat "$WORK/port2")/v1
	    api_key: {env: MISTRAL_API_KEY}
END

milliseconds() {
	date +%s%3N
}

# How long one that is left alone takes, and half as long again.
"$CAUSERIE" start --connection local --model m 'left alone' >"$OUT" 2>"$ERR" || fail "$(cat "$ERR")"
before=$(milliseconds)
"$CAUSERIE" start 'left alone' >"$OUT" 2>"$ERR" || fail "$(cat "$ERR")"
span=$((($(milliseconds) - before) * 3 / 2))

fault() { # in $fault
	random 14
	case $value in
	0) fault='!cut 90' ;;
	1) fault='!reset 120' ;;
	2) fault='!close' ;;
	3) fault='!reset-head' ;;
	4) fault='!nodone' ;;
	5) fault='!stall 2' ;;
	6) fault='!slow 20' ;;
	7) fault='!onebyte' ;;
	8) fault='!status 500' ;;
	9) fault='!drop' ;;
	10) fault='!forget !cut 150' ;;
	*) fault= ;;
	esac
}

# One command, killed after some milliseconds.
strike() {
	random "$span"
	"$CAUSERIE" "$@" >"$WORK/said" 2>"$WORK/complaint" </dev/null &
	pid=$!
	sleep "$((value / 1000)).$(printf %03d $((value % 1000)))"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	struck="$value ms: $*"
	echo "# $struck" >>"$WORK/history"
}

: >"$WORK/answered"
round=0
whole=0
usable=0
while [ "$round" -lt "$kills" ]; do
	round=$((round + 1))
	fault
	words="k${round}k $fault some words"
	random 12
	case $value in
	0 | 1) strike start --stream "$words" ;;
	2) strike start --no-stream "$words" ;;
	3 | 4) strike append @ --stream "$words" ;;
	5) strike restart @ --from -1 --stream "$words" ;;
	6) strike start --connection local --model m --stream "$words" ;;
	7) strike start --connection guide "$words" && [ ! -s "$WORK/said" ] ||
		echo "k${round}k" >>"$WORK/answered" ;;
	8) strike list ;;
	9) strike history @ ;;
	10) strike messages @ --no-stream ;;
	11)
		"$CAUSERIE" start 'to be deleted' >/dev/null 2>&1
		strike delete @
		;;
	esac
	# The next one to come finds everything as it should be.
	if ! "$CAUSERIE" list --local >"$OUT" 2>"$ERR" || [ -s "$ERR" ]; then
		usable=1
		echo "# after $struck"
		sed 's/^/# /' "$ERR"
	fi
	if [ $((round % 25)) -eq 0 ] || [ "$round" -eq "$kills" ]; then
		"$CAUSERIE" doctor >"$OUT" 2>&1
		grep -q 'is sound; its schema' "$OUT" || {
			whole=1
			sed "s/^/# after $round: /" "$OUT"
		}
	fi
done
report "$usable" "after each of $kills kills the next start works"
report "$whole" '... and the store is whole'

# Each prompt that reached a server, once for each time. A server of the second
# kind remembers nothing: it is told the prompts before each time, and what got
# no answer as one with the next.
sed -n 's/.*"inputs":\(.*\)/\1/p' "$WORK/requests" | grep -o 'k[0-9]*k ' >"$WORK/sent"
sed -n 's/.*"content":"\(k[0-9]*k \)[^"\\]*"}\],.*/\1/p' "$WORK/requests2" >>"$WORK/sent"
[ "$kills" -lt 20 ] || [ -s "$WORK/sent" ]
report $? "some were late enough: $(sort -u "$WORK/sent" | wc -l) prompts were sent"
sort "$WORK/sent" | uniq -d >"$OUT"
while read -r word; do
	grep -h "$word" "$WORK/requests" "$WORK/requests2" | sed 's/"headers".*"body"/.../'
done <"$OUT" >"$ERR"
[ ! -s "$OUT" ]
report $? 'no prompt was sent twice'

sort -u "$WORK/sent" "$WORK/answered" | sed 's/ $//' >"$WORK/owed"
: >"$OUT"
while read -r word; do
	"$CAUSERIE" search "$word" >"$WORK/found" 2>>"$ERR" || echo "$word: search fails" >>"$OUT"
	grep -q "$word" "$WORK/found" || echo "$word is lost" >>"$OUT"
done <"$WORK/owed"
[ ! -s "$OUT" ]
report $? "all $(wc -l <"$WORK/owed") that were sent or answered are in the store"

# Nobody is left who would still wait for an answer.
what='no turn is under way, nothing half written'
"$CAUSERIE" list --local >"$OUT" 2>"$ERR"
if command -v sqlite3 >/dev/null; then
	sqlite3 "$XDG_DATA_HOME/causerie/causerie.db" \
		'SELECT count(*) FROM turn; SELECT count(*) FROM entry WHERE state IN (2, 3);
		SELECT count(*) FROM piece; PRAGMA integrity_check' >"$OUT" 2>"$ERR"
	[ "$(tr '\n' ' ' <"$OUT")" = '0 0 0 ok ' ]
	report $? "$what"
else
	skipped "$what" 'there is no sqlite3 to look with'
fi
[ "$failures" -eq 0 ] || sed 's/^/# /' "$WORK/history"
done_testing
