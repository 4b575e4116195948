#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Esc stops the answer at once, whatever it is doing, and the server sees it.

. "${srcdir:-.}/tmux/lib.sh"

now() {
	date +%s%N | cut -c1-13
}

# stops PHASE: presses Esc, and measures.
stops() {
	closed=$(server_count '"closed"')
	begun=$(now)
	keys Escape
	wait_for screen_lacks "· $1"
	report_screen $? "Esc ends $1"
	took=$(($(now) - begun))
	[ "$took" -lt 3000 ]
	report $? "... soon ($took ms)"
}

sees_close() {
	[ "$(server_count '"closed"')" -gt "$closed" ]
}

start_server
start 80 24 --model mistral-small-latest

send '!stall 0 one'
sees '· waiting'
wait_for server_is stalled 1
stops waiting
until_so 'the server sees the close' sees_close
sees '✗ Interrupted' 'the message is marked'
sees '!stall 0 one' '... and there'

keys C-n
sees 'Ask '
send '!hold two three four five'
sees 'You said: two'
sees '· streaming'
stops streaming
until_so 'the server sees the close' sees_close
sees '✗ Interrupted; what came is kept' 'what came is marked'
sees 'You said: two' '... and there'

keys C-n
sees 'Ask '
send '!status 429 30 six'
sees '· trying again in ' 'a refusal is tried again after a countdown'
stops 'trying again'
sees '!status 429 30 six' 'the message is there'
sees '✗ Not sent' '... marked as not sent'
count=$(server_count '"method":"POST"')

keys C-n
sees 'Ask '
send 'seven'
sees 'You said: seven' 'afterwards everything works'
[ "$(server_count '"method":"POST"')" -eq $((count + 1)) ]
report $? 'and nothing was sent behind the back'
quit
done_screens
