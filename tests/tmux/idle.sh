#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Idle is asleep: nothing runs, nothing wakes up.

. "${srcdir:-.}/tmux/lib.sh"

command -v strace >/dev/null || skip 'there is no strace'
strace -o /dev/null true 2>/dev/null || skip 'strace may not trace'

calls() {
	wc -l <"$WORK/calls"
}

# sleeps NAME SECONDS: that long there is not one call, once all is done that is to do.
sleeps() {
	: >"$WORK/calls"
	strace -f -p "$CAUSERIE_PID" -o "$WORK/calls" 2>"$WORK/strace" &
	tracer=$!
	wait_for grep -q attached "$WORK/strace" || skip 'strace cannot attach'
	for try in 1 2 3 4 5; do
		before=$(calls)
		sleep 0.6
		[ "$(calls)" -ne "$before" ] || break
	done
	sleep "$2"
	[ "$(calls)" -eq "$before" ]
	asleep=$?
	kill "$tracer"
	wait "$tracer"
	cp "$WORK/calls" "$OUT"
	report "$asleep" "$1: no system call in $2 seconds"
}

start 100 24
sleeps 'the first frame' 3
say 'a draft'
sees 'a draft'
sleeps 'a draft' 1
keys C-u
quit

start_server
start 100 24 --model mistral-small-latest
send '!think Hello'
sees 'You said: Hello'
lacks '· streaming'
sleeps 'after an answer' 8
keys Escape
sees 'e edit'
keys i
quit
done_screens
