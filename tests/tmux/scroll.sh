#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A reader who has scrolled up is left alone; the wheel; an editor.

. "${srcdir:-.}/tmux/lib.sh"

wheel() { # 64: up, 65: down
	keys -l "$(printf '\033[<%d;50;10M' "$1")"
}

# Without the list, whose ages change.
upper_rows() {
	screen | sed -n '2,18p' | sed 's/^[^│]*│//'
}

start_server
start 100 30 --model mistral-small-latest
send '!long 600'
sees 'word600'
sees ' tokens'
lacks '· streaming'
screen >"$WORK/end"
wheel 64
until_so 'the wheel scrolls up' screen_differs "$WORK/end"
wheel 65
until_so '... and down again' screen_is "$WORK/end"
keys PgUp
until_so 'PgUp too' screen_differs "$WORK/end"
keys PgDn
until_so '... and PgDn' screen_is "$WORK/end"

send '!slow 10 !long 300'
sees '· streaming'
keys PgUp
sees 'new line' 'what comes below the reader is counted'
upper_rows >"$WORK/rows"
count() {
	screen | sed -n 's/.*↓ \([0-9]*\) new line.*/\1/p'
}
first=$(count)
more() {
	now=$(count)
	[ "${now:-0}" -gt "$first" ]
}
until_so 'the number grows' more
upper_rows >"$WORK/rows.later"
cmp "$WORK/rows" "$WORK/rows.later"
report_screen $? '... and the rows do not move'
wait_for -n 400 screen_lacks '· streaming'
upper_rows >"$WORK/rows.later"
cmp "$WORK/rows" "$WORK/rows.later"
report_screen $? '... to the end'
browse
keys G
lacks 'new line' 'G goes to the end'
keys i
sees 'Esc browse'

quit

printf '#!/bin/sh\nprintf " and edited" >>"$1"\n' >"$WORK/editor"
chmod +x "$WORK/editor"
EDITOR=$WORK/editor
export EDITOR
start 100 30 --model mistral-small-latest
say 'typed'
sees '> typed'
keys C-g
sees '> typed and edited' 'an editor is used'
keys Enter
sees 'You said: typed and edited'
quit
EDITOR=false
start 100 30 --model mistral-small-latest
say 'typed'
keys C-g
sees 'failed' 'an editor that fails is told'
sees '> typed' '... and the text is there'
keys C-u
quit
done_screens
