#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The terminal is given back on every way out.

. "${srcdir:-.}/tmux/lib.sh"

# Ours are not the faults a sanitizer should report.
ASAN_OPTIONS=$ASAN_OPTIONS:handle_segv=0:handle_abort=0
open_shell 80 24

modes() { # FILE
	send "stty -g >'$1.new'; mv '$1.new' '$1'"
	wait_for test -s "$1" || fail 'the shell does not answer'
}

restored() { # NAME
	until_so "$1: the shell's screen is back" terminal_is alternate_on 0
	terminal_is cursor_flag 1
	report_screen $? '... and the cursor'
	terminal_is mouse_any_flag 0 && terminal_is keypad_flag 0
	report_screen $? '... and mouse and keypad'
	rm -f "$WORK/after"
	modes "$WORK/after"
	cmp "$WORK/stty" "$WORK/after" >/dev/null
	report_screen $? '... and the modes'
}

program_pid() {
	pgrep -f -P "$(terminal display-message -p -t main '#{pane_pid}')" causerie
}

run_it() {
	send '"$CAUSERIE"; echo "ended with $?"'
	wait_for terminal_is alternate_on 1 || fail 'it does not start'
	sees_quietly 'Ask guide' || fail 'no first frame'
	CAUSERIE_PID=$(program_pid)
}

command -v pgrep >/dev/null || skip 'there is no pgrep'
send 'echo "before it"'
sees 'before it'
modes "$WORK/stty"

run_it
keys C-x q
restored 'C-x q'
sees 'ended with 0'
sees 'before it' 'what the shell showed is there'

run_it
say 'a draft'
sees '> a draft'
keys C-z
restored 'C-z'
send 'fg'
until_so 'fg takes the terminal again' terminal_is alternate_on 1
sees '> a draft' '... with everything on it'
say ', longer'
sees '> a draft, longer' '... and reads keys'
keys C-u
keys C-d
restored 'C-d'

for signal in TERM HUP; do
	run_it
	kill -$signal "$CAUSERIE_PID"
	restored "SIG$signal"
done
for signal in SEGV ABRT; do
	run_it
	kill -$signal "$CAUSERIE_PID"
	restored "SIG$signal"
done

# A script is a job as a whole.
printf '"$CAUSERIE"; echo "the script goes on"\n' >"$WORK/job"
send "sh '$WORK/job'"
wait_for terminal_is alternate_on 1
sees 'Ask guide'
keys C-z
restored 'C-z in a script'
send 'fg'
sees 'Ask guide' 'fg wakes both'
keys C-x q
sees 'the script goes on'
CAUSERIE_PID=

# Without a shell nobody could wake it.
start 80 24
keys C-z
say 'still here'
sees '> still here' 'without a shell around it C-z does not stop it for good'
quit
done_screens
