#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A terminal that goes away, and one that stops reading.

. "${srcdir:-.}/tmux/lib.sh"

cpu() { # of a process, in ticks
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

start_server
start 80 24 --model mistral-small-latest
say 'not sent yet'
sees 'not sent yet'
pid=$CAUSERIE_PID
terminal kill-pane -t main
wait_for gone "$pid"
report $? 'it ends when its terminal is gone'
start 80 24 --model mistral-small-latest
sees '> not sent yet' '... and has kept the draft'
keys C-u

# Nobody reads the terminal while tmux is stopped.
server=$(terminal display-message -p '#{pid}')
send '!hold one two three four'
wait_for server_is holding 1
sees 'You said: one'
send '!markdown !long 400'
sees 'Queued:'
if [ -r "/proc/$CAUSERIE_PID/stat" ]; then
	kill -STOP "$server"
	server_release
	closed_all() { [ "$(server_log | grep -c '"method":"POST"')" -ge 2 ]; }
	wait_for closed_all
	before=$(cpu "$CAUSERIE_PID")
	sleep 1
	[ $(($(cpu "$CAUSERIE_PID") - before)) -lt 30 ]
	report $? 'it does not spin while nobody reads'
	kill -CONT "$server"
	sees '> Message' 'the whole screen comes when somebody does'
	lacks '· streaming'
fi
screen >"$WORK/late"
keys C-l
until_so '... as it should be' screen_is "$WORK/late"
quit
done_screens
