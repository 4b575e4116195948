#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Eight at once on one store: nobody is told that it is locked, nothing is lost
# and nothing is there twice.
#
#	CAUSERIE_TURNS=500   turns of each; 4 if not said

. "${srcdir:-.}/tap.sh"

turns=${CAUSERIE_TURNS:-4}
instances='1 2 3 4 5 6 7 8'
start_server
run 0 start 'one for all'
shared=$("$CAUSERIE" list --local | sed -n '1s/ .*//p')

# Each talks in a conversation of its own and in one that all share, branches,
# reads lists and looks for words meanwhile. The complaints are what is told.
talk() { # INSTANCE
	turn=0
	while [ "$turn" -lt "$turns" ]; do
		turn=$((turn + 1))
		case $((turn % 4)) in
		1)
			"$CAUSERIE" start --json "i$1t${turn}i" >"$WORK/json.$1" || echo "start $turn: $?"
			own=$(sed -n '1s/.*"conversation_id":"\([^"]*\)".*/\1/p' "$WORK/json.$1")
			[ -n "$own" ] || echo "start $turn: no id"
			;;
		2) "$CAUSERIE" append "$own" --stream "i$1t${turn}i" >/dev/null || echo "append $turn: $?" ;;
		3) "$CAUSERIE" append "$shared" "i$1t${turn}i" >/dev/null || echo "shared $turn: $?" ;;
		0)
			"$CAUSERIE" restart "$own" --from -1 "i$1t${turn}i" >/dev/null || echo "restart $turn: $?"
			"$CAUSERIE" list --local >/dev/null || echo "list $turn: $?"
			"$CAUSERIE" search "i$1t${turn}i" | grep -q "i$1t${turn}i" || echo "search $turn"
			;;
		esac
	done >"$WORK/failed.$1" 2>"$WORK/told.$1"
}

talking=
for i in $instances; do
	talk "$i" &
	talking="$talking $!"
done
for pid in $talking; do
	wait "$pid"
done
cat "$WORK"/failed.* >"$OUT"
cat "$WORK"/told.* >"$ERR"
[ ! -s "$OUT" ] && [ ! -s "$ERR" ]
report $? "eight of them, $turns turns each: nobody hears of the others"

for i in $instances; do
	turn=0
	while [ "$turn" -lt "$turns" ]; do
		turn=$((turn + 1))
		echo "i${i}t${turn}i"
	done
done | sort >"$WORK/said"
server_log | sed -n 's/.*"inputs":"\(i[0-9t]*i\)".*/\1/p' | sort >"$WORK/sent"
cmp "$WORK/said" "$WORK/sent" >"$OUT" 2>"$ERR"
report $? 'each prompt was sent once'

# In the store too: as a prompt, and as its answer, once each.
while read -r word; do
	found=$("$CAUSERIE" search "\"$word\"" | grep -c "\\[$word\\]")
	[ "$found" -eq 2 ] || echo "$word: $found"
done <"$WORK/said" >"$OUT" 2>"$ERR"
[ ! -s "$OUT" ]
report $? '... and is kept once, with its answer'
"$CAUSERIE" doctor >"$OUT" 2>"$ERR"
grep -q 'is sound; its schema' "$OUT"
report $? 'the store is whole'
done_testing
