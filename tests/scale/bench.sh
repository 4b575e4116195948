#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# make bench: what things cost in a small store and in one of years, side by
# side. Counts rather than times, because those are the same on every machine
# and every day; shim/count.c tells what they are.
#
#	BENCH_CONVERSATIONS=10000 BENCH_ENTRIES=1000000   of the large one
#	BENCH_SMALL_CONVERSATIONS=1000 BENCH_SMALL_ENTRIES=20000   of the small one
#	BENCH_STORES=FOLDER   where both are kept for the next time
#
# A line that begins with "=" must not cost more in the larger store; it ends
# with GROWS if it does, and the script with 1. One with "+" may: it looks for
# something in all there is.

. "${srcdir:-.}/tmux/lib.sh"

conversations=${BENCH_CONVERSATIONS:-10000}
entries=${BENCH_ENTRIES:-1000000}
small_conversations=${BENCH_SMALL_CONVERSATIONS:-1000}
small_entries=${BENCH_SMALL_ENTRIES:-20000}
kept=${BENCH_STORES:-$WORK}
COUNT_SHIM=${COUNT_SHIM:-$builddir/shim/count.so}
GENERATE=${GENERATE:-$builddir/scale/generate}
[ -f "$COUNT_SHIM" ] || skip "there is no $COUNT_SHIM"

LD_PRELOAD=$COUNT_SHIM COUNTS=$WORK/probe "$CAUSERIE" --version >"$OUT" 2>"$ERR"
[ -s "$WORK/probe" ] || skip 'nothing can be preloaded, as into a program with sanitizers'

results=$WORK/results
: >"$results"
: >"$WORK/nothing"

make_store() { # NAME CONVERSATIONS ENTRIES
	mkdir -p "$kept" "$WORK/$1/causerie"
	if [ ! -s "$kept/$1-$2-$3.db" ]; then
		echo "making the $1 store ..." >&2
		"$GENERATE" --conversations "$2" --entries "$3" "$kept/$1.new" >&2 || exit 1
		mv "$kept/$1.new" "$kept/$1-$2-$3.db"
	fi
	cp "$kept/$1-$2-$3.db" "$WORK/$1/causerie/causerie.db" || exit 1
}

# Until it sleeps and nothing changes any more; more than the 250 ms of a draft.
settle() {
	for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		cp "$WORK/counts" "$WORK/before"
		sleep 0.4
		cmp -s "$WORK/counts" "$WORK/before" && return
	done
	fail 'it does not come to rest'
}

# What was counted since the last time, as a line "MARK STORE NAME|steps ...".
note() { # MARK NAME
	awk -v head="$1|$store|$2" '
		FILENAME == ARGV[1] { old[$1] = $2; next }
		{ value[$1] = $1 == "seen" || $1 == "unit" ? $2 : $2 - old[$1] }
		END {
			printf "%s|%d|%d|%d|%d|%d|%d|%d|%d\n", head, value["steps"],
				value["reads"], value["read_bytes"] / 1024,
				value["allocations"], value["waits"], value["cpu"],
				value["seen"], value["unit"]
		}' "$3" "$WORK/counts" >>"$results"
}

verb() { # MARK NAME ARGUMENT...
	mark=$1
	name=$2
	shift 2
	rm -f "$WORK/counts"
	LD_PRELOAD=$COUNT_SHIM COUNTS=$WORK/counts "$CAUSERIE" "$@" >"$OUT" 2>"$ERR" ||
		fail "causerie $*: $(cat "$ERR")"
	[ -s "$OUT" ] || fail "causerie $* prints nothing"
	note "$mark" "$name" "$WORK/nothing"
}

# act MARK NAME SIGHT KEY...: until the screen shows what it has to show.
act() {
	mark=$1
	name=$2
	sight=$3
	shift 3
	cp "$WORK/counts" "$WORK/start"
	"$@"
	sees_quietly "$sight" || fail "$name: no \"$sight\" in $(screen)"
	settle
	note "$mark" "$name" "$WORK/start"
}

measure() { # STORE
	store=$1
	XDG_DATA_HOME=$WORK/$store
	export XDG_DATA_HOME
	verb '=' 'causerie list --page-size 20' list --local --connection mistral --page-size 20
	verb '=' 'causerie history, 2000 entries' history conv_long --local
	verb '=' 'causerie tree, 40 forks' tree conv_tree
	verb '+' 'causerie search, a rare word' search table window

	rm -f "$WORK/counts"
	CAUSERIE_UNDER="env LD_PRELOAD=$COUNT_SHIM COUNTS=$WORK/counts"
	open_screen 120 40
	wait_for test -s "$WORK/counts"
	sees_quietly ' > ' || fail 'no first frame'
	settle
	note '=' 'to the first frame' "$WORK/nothing"
	act '=' 'a word in the input line' 'hello' say hello
	keys C-u
	settle
	act '=' 'Up: what was said before' '> ' keys Up
	keys C-u
	settle
	act '=' 'F2: into the list' 'Enter open' keys F2
	act '=' 'PgDn in it' 'Enter open' keys PgDn
	act '+' 'G: to its end' 'Enter open' keys G
	keys g
	settle
	keys /
	settle
	act '+' 'filter: "t"' '/ t' say t
	act '+' 'filter: "ta"' '/ ta' say a
	act '+' 'filter: "tal"' '/ tal' say l
	act '+' 'filter: "talk long"' '/ talk long' say 'k long'
	act '=' 'Enter: open 2000 entries' 'A long talk' keys Enter
	keys F2 Escape
	settle
	keys /
	settle
	act '+' 'filter: "forks"' '/ forks' say forks
	act '=' 'Enter: open a tree, 300 turns' 'Esc browse' keys Enter
	act '=' 'F3: the outline of the tree' 'Enter' keys F3
	keys Escape
	settle
	keys Escape
	sees_quietly 'i write'
	settle
	act '=' 'l: to the first sibling of 20' '‹2/21›' keys l
	act '=' 'l: to the next one' '‹3/21›' keys l
	keys i
	settle
	keys C-x s
	sees_quietly 'Search everything said'
	settle
	act '+' 'search: "s"' 'Search' say s
	act '+' 'search: "se"' 'Search' say e
	act '+' 'search: "serv"' 'Search' say rv
	act '+' 'search: "server table"' 'Search' say 'er table'
	close_screen
}

show() {
	awk -F '|' '
	function ratio(a, b) { return a == 0 ? (b == 0 ? 1 : b) : b / a }
	function cell(a, b) { return sprintf("%9d %9d %6s", a, b, sprintf("x%.1f", ratio(a, b))) }
	{
		if (!(($3) in first)) { order[++count] = $3; first[$3] = 1 }
		mark[$3] = $1
		for (i = 4; i <= 11; i++)
			value[$3, $2, i] = $i
		unit = $11
	}
	END {
		printf "%-32s %-26s %-26s %-26s %-20s %-9s %s\n", "", "SQL steps", "reads of the store",
			"allocations", unit ? "1000 instructions" : "microseconds of CPU", "wake-ups",
			"ms until seen"
		printf "%-32s", ""
		for (i = 0; i < 3; i++)
			printf " %9s %9s %6s", "small", "large", ""
		printf " %9s %9s %4s %4s %7s %6s\n", "small", "large", "s", "l", "small", "large"
		for (n = 1; n <= count; n++) {
			name = order[n]
			grows = ""
			for (i = 4; i <= 7; i++) {
				a = value[name, "small", i]
				b = value[name, "large", i]
				# A larger store has deeper trees of pages, and less of it is at hand.
				if (i != 6 && mark[name] == "=" && b > 1.5 * a + (i == 5 ? 150 : 40))
					grows = "  GROWS"
			}
			bad = bad || grows != ""
			printf "%s %-30s", mark[name], name
			printf " %s", cell(value[name, "small", 4], value[name, "large", 4])
			printf " %s", cell(value[name, "small", 5], value[name, "large", 5])
			printf " %s", cell(value[name, "small", 7], value[name, "large", 7])
			printf " %9d %9d %4d %4d %7.1f %6.1f%s\n", value[name, "small", 9],
				value[name, "large", 9], value[name, "small", 8],
				value[name, "large", 8], value[name, "small", 10] / 1000,
				value[name, "large", 10] / 1000, grows
		}
		exit bad
	}' "$results"
}

make_store small "$small_conversations" "$small_entries"
make_store large "$conversations" "$entries"
for store in small large; do
	measure $store
done
show
