# SPDX-License-Identifier: GPL-3.0-or-later
#
# For tests of the full-screen program on a terminal of tmux, on top of tap.sh.
#
#	open_screen 80 24 [OPTION]...   the program with these options in a terminal
#	                                of 80 columns and 24 rows
#	open_shell 80 24                a shell in one; $CAUSERIE is the program
#	keys KEY...                     as tmux calls them: Enter, Escape, C-x, F3
#	say TEXT                        types it
#	sees TEXT, lacks TEXT           a line of TAP: the screen shows it within ten
#	                                seconds; does not show it (any more)
#	row N                           that row of the screen, from 1
#	ends STATUS                     the program ends so
#	close_screen                    whatever runs there is gone
#	done_screens                    at the end: like done_testing, and what the
#	                                sanitizers found is a failure
#
# Nothing waits for time. With SCREEN_TERM the program gets another TERM, with
# CAUSERIE_UNDER it runs under another program (valgrind, strace).

. "${srcdir:-.}/tap.sh"

command -v tmux >/dev/null || skip 'there is no tmux'

unset TMUX TMUX_PANE COLUMNS LINES
ASAN_OPTIONS=log_path=$WORK/sanitizer${ASAN_OPTIONS:+:$ASAN_OPTIONS}
UBSAN_OPTIONS=log_path=$WORK/sanitizer:print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS

SCREEN_TERM=
CAUSERIE_UNDER=
CAUSERIE_PID=

at_exit() {
	close_screen
}

terminal() {
	tmux -S "$WORK/tmux" -f /dev/null "$@"
}

# A terminal in which the script $WORK/run runs, in our environment as it is now.
open_terminal() { # WIDTH HEIGHT
	close_screen
	rm -f "$WORK/status" "$WORK/pid"
	{
		export -p | grep -v -e '^export TERM=' -e '^export PWD=' -e '^export OLDPWD='
		cat "$WORK/run"
	} >"$WORK/script"
	name=tmux-256color
	infocmp "$name" >/dev/null 2>&1 || name=screen
	printf '%s\n' "set -g default-terminal $name" 'set -g status off' 'set -g mouse off' \
		'set -g remain-on-exit on' \
		'set -s set-clipboard off' 'set -g allow-rename on' \
		'set -g automatic-rename off' >"$WORK/tmux.conf"
	tmux -S "$WORK/tmux" -f "$WORK/tmux.conf" new-session -d -s main -x "$1" -y "$2" \
		"exec sh '$WORK/script'" || fail 'tmux does not start'
}

open_screen() { # WIDTH HEIGHT [OPTION]...
	width=$1
	height=$2
	shift 2
	for option in "$@"; do
		printf "set -- \"\$@\" '%s'\n" "$option"
	done >"$WORK/run"
	cat >>"$WORK/run" <<-END
		set -- $CAUSERIE_UNDER "\$CAUSERIE" "\$@"
		${SCREEN_TERM:+TERM=$SCREEN_TERM; export TERM}
		sh -c 'echo \$\$ >"\$0"; exec "\$@"' "$WORK/pid" "\$@" 2>"$WORK/stderr"
		echo \$? >"$WORK/status.new"
		mv "$WORK/status.new" "$WORK/status"
	END
	open_terminal "$width" "$height"
	wait_for test -s "$WORK/pid" || fail 'nothing runs in the terminal'
	CAUSERIE_PID=$(cat "$WORK/pid")
}

open_shell() { # WIDTH HEIGHT
	printf 'PS1="shell> " ENV= exec sh -i\n' >"$WORK/run"
	open_terminal "$1" "$2"
	sees_quietly 'shell>' || fail 'no shell in the terminal'
}

close_screen() {
	terminal kill-server 2>/dev/null
	wait_for -n 100 gone "$CAUSERIE_PID" || kill -9 "$CAUSERIE_PID"
	CAUSERIE_PID=
}

gone() { # PID
	! kill -0 "${1:-0}" 2>/dev/null || [ -z "$1" ]
}

keys() {
	terminal send-keys -t main "$@"
}

say() {
	terminal send-keys -t main -l "$*"
}

# send TEXT: says it and presses Enter.
send() {
	say "$*"
	keys Enter
}

resize() { # WIDTH HEIGHT
	terminal resize-window -t main -x "$1" -y "$2"
}

screen() {
	terminal capture-pane -p -t main
}

row() {
	screen | sed -n "$1p"
}

# What tmux knows of the terminal: cursor_flag, cursor_x, alternate_on, pane_title...
terminal_is() { # NAME VALUE
	[ "$(terminal display-message -p -t main "#{$1}")" = "$2" ]
}

screen_has() {
	screen | grep -qF -e "$1"
}

screen_lacks() {
	! screen_has "$1"
}

# Compared with an earlier one: screen >FILE.
screen_is() { # FILE
	screen | cmp -s - "$1"
}

screen_differs() { # FILE
	! screen_is "$1"
}

report_screen() { # STATUS NAME
	if [ "$1" -ne 0 ]; then
		screen >"$OUT" 2>&1
		cat "$WORK/stderr" >"$ERR" 2>/dev/null
	fi
	report "$1" "$2"
}

# until_so NAME COMMAND...: a line of TAP, once the command succeeds.
until_so() {
	what=$1
	shift
	wait_for "$@"
	report_screen $? "$what"
}

sees_quietly() {
	wait_for screen_has "$1"
}

sees() {
	until_so "${2:-the screen shows \"$1\"}" screen_has "$1"
}

lacks() {
	until_so "${2:-the screen does not show \"$1\"}" screen_lacks "$1"
}

has_ended() {
	[ -s "$WORK/status" ]
}

ends() { # STATUS
	wait_for has_ended
	ended=$(cat "$WORK/status" 2>/dev/null)
	[ "$ended" = "$1" ]
	report_screen $? "the program ends with $1 (${ended:-it goes on})"
}

# start 80 24 [OPTION]...: open_screen, and the first frame is there.
start() {
	open_screen "$@"
	wait_for screen_has ' > ' ||
		fail "no first frame: $(screen; cat "$WORK/stderr")"
}

# Esc and what it leads to; until then the next key would be Alt and that key.
browse() {
	keys Escape
	wait_for screen_has 'e edit'
}

quit() {
	keys C-x q
	ends 0
}

# kill_program SIGNAL, without a word from the shell about it.
kill_program() {
	kill "-$1" "$CAUSERIE_PID"
}

done_screens() {
	close_screen
	cat "$WORK"/sanitizer.* >"$ERR" 2>/dev/null
	[ ! -s "$ERR" ]
	report $? 'the sanitizers have nothing to say'
	done_testing
}
