#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Poor terminals: none without a cursor, ASCII, no colours, themes.

. "${srcdir:-.}/tmux/lib.sh"

refuses() { # NAME TEXT
	report_screen "$(wait_for has_ended && [ "$(cat "$WORK/status")" = 2 ]; echo $?)" \
		"$1 is refused with 2"
	cp "$WORK/stderr" "$ERR"
	one_sentence
	err_has "$2"
	LC_ALL=C grep -q "$(printf '\033')" "$WORK/stderr"
	[ $? -eq 1 ]
	report $? '... without garbage'
}

SCREEN_TERM=dumb
open_screen 80 24
refuses 'TERM=dumb' 'TERM=dumb'
SCREEN_TERM=no-such-terminal
open_screen 80 24
refuses 'an unknown TERM' 'no-such-terminal'
SCREEN_TERM="''"
open_screen 80 24
refuses 'an empty TERM' 'TERM is not set'
SCREEN_TERM=

# The bytes the program writes, whatever tmux makes of them.
record() {
	terminal pipe-pane -t main -o "cat >'$WORK/bytes'"
}

start_server
LC_ALL=C
start 100 24 --model mistral-small-latest
record
send '!markdown'
sees '> Message'
keys Escape
sees 'e edit'
keys F3
sees 'main  !markdown'
keys F3
keys F1
sees 'Keys: those valid now'
keys Escape
sees 'e edit'
keys i
keys C-l
sees 'Esc browse' 'LC_ALL=C: it can be used'
! LC_ALL=C grep -q "$(printf '[\200-\377]')" "$WORK/bytes"
report $? '... and writes nothing but ASCII'
test -s "$WORK/bytes"
report $? '... (that was recorded)'
quit
LC_ALL=C.UTF-8

NO_COLOR=1
export NO_COLOR
start 100 24 --model mistral-small-latest
record
send '!markdown'
sees '> Message'
keys C-l
browse
keys F1
sees 'Keys: those valid now'
colours() {
	LC_ALL=C grep -Eq "$(printf '\033')"'\[([0-9;]*;)?(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;[0-9;]*)?m' "$1"
}
test -s "$WORK/bytes" && ! colours "$WORK/bytes"
report $? 'NO_COLOR: no colours'
terminal capture-pane -e -p -t main >"$WORK/capture"
! colours "$WORK/capture"
report $? '... on the screen neither'
quit
unset NO_COLOR

for theme in auto dark light none; do
	printf 'settings: {theme: %s}\n' "$theme" | profile
	start 100 24 --model mistral-small-latest
	send 'Hello'
	sees 'You said: Hello' "theme $theme works"
	terminal capture-pane -e -p -t main >"$WORK/theme-$theme"
	colours "$WORK/theme-$theme"
	without=$?
	[ "$theme" = none ]
	[ "$without" -ne $? ]
	report $? '... with colours, unless it is none'
	quit
done
! cmp -s "$WORK/theme-dark" "$WORK/theme-light"
report $? 'dark and light differ'
done_screens
