#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A list longer than what is read of it at a time: to its oldest and back.

. "${srcdir:-.}/tmux/lib.sh"

GENERATE=${GENERATE:-$builddir/scale/generate}

mkdir -p "$XDG_DATA_HOME/causerie"
"$GENERATE" --conversations 1204 --entries 3000 --long 10 --turns 4 --forks 2 \
	"$XDG_DATA_HOME/causerie/causerie.db" >"$OUT" 2>"$ERR" || fail "$(cat "$ERR")"

start 100 24
sees '   No 1200 ' 'the newest is there'
keys F2
sees_quietly 'Enter open'
keys G
sees '   No 1 ' 'G goes to the oldest of 1202'
keys PgUp PgUp
lacks '   No 1 ' 'PgUp leaves it'
keys g
sees '   No 1200 ' 'g goes back to the newest'
lacks '   No 1 '

# Page by page nothing is left out or shown twice: what is at the end of a page
# is at the start of the next one, or one row before.
keys PgDn
page() {
	screen | sed -n 's/^   No \([0-9]*\) .*/\1/p'
}
: >"$WORK/seen"
turn() {
	page >"$WORK/page"
	[ -s "$WORK/page" ] && ! cmp -s "$WORK/page" "$WORK/last"
}
page >"$WORK/last"
cat "$WORK/last" >>"$WORK/seen"
pages=0
while [ "$pages" -lt 100 ]; do
	keys PgDn
	wait_for -n 20 turn || break
	cat "$WORK/page" >>"$WORK/seen"
	cp "$WORK/page" "$WORK/last"
	pages=$((pages + 1))
done
sees '   No 1 ' 'PgDn comes to the oldest'
awk '{ seen[$1]++ } END { for (i = 1; i <= 1175; i++) if (!seen[i]) { print i; bad = 1 } exit bad }' \
	"$WORK/seen" >"$OUT"
report $? '... and passes all'

keys Enter
sees 'tree  Esc browse' 'Enter opens it'
[ "$(row 1 | sed 's/.*│ \(No 1\) .*/\1/')" = 'No 1' ]
report $? '... and not another'
keys F2
sees '   No 1 ' '... in the list where it was'
keys k k k Escape
sees_quietly 'tree  Esc browse'
keys C-x 1
sees '│ No 1200 ' 'C-x 1 is the newest, wherever the list was'
keys F2
sees_quietly 'Enter open'
keys G
sees_quietly '   No 1 '
keys Escape
sees_quietly 'tree  Esc browse'
keys C-n
sees 'Ask ' 'a new conversation'
sees '   No 1200 ' '... shows the newest again'


keys F2
sees_quietly 'Enter open'
keys /
say 'No'
sees '/ No'
keys PgDn PgDn
lacks '   No 1200 ' 'a filtered list is as long'
keys C-c g
sees '   No 1200 '
keys Escape
sees 'tree  Esc browse'
quit
done_screens
