#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Two answers at once, a queue, and M-s.

. "${srcdir:-.}/tmux/lib.sh"

posts() {
	server_count '"method":"POST"'
}

posts_are() {
	[ "$(posts)" -eq "$1" ]
}

start_server
start 100 24 --model mistral-small-latest
send '!hold alpha beta gamma delta'
wait_for server_is holding 1
sees 'You said: alpha'
keys C-n
sees 'Ask '
send '!hold red green blue black'
wait_for server_is holding 2
report $? 'two conversations stream at once'
server_release
sees 'blue black' 'the one that is shown goes on'
keys C-x 2
sees 'gamma delta' 'the other one has come too'

send '!hold first second third fourth'
sees 'You said: first'
send 'then this'
sees 'Queued: then this' 'Enter while it streams queues the message'
posts_are 3
report $? '... and sends nothing yet'
server_release
sees 'You said: then this' 'it goes out when the answer has come'
lacks 'Queued:'
posts_are 4
report $? '... once'

send '!hold uno dos tres quattro'
sees 'You said: uno'
say 'now this instead'
keys M-s
sees 'You said: now this instead' 'M-s stops and sends'
sees 'Interrupted; what came is kept' '... and what was there is marked'
posts_are 6
report $? '... once'
say 'in quiet times'
keys M-s
sees 'You said: in quiet times' 'without an answer M-s sends'
posts_are 7

say 'put aside'
keys C-c
sees 'Up brings it back' 'C-c puts a draft aside'
sees 'Message mistral-small'
keys Up
sees '> put aside' '... and Up brings it back'
quit

start 100 24 --model mistral-small-latest
send '!hold eins zwei drei vier'
sees 'You said: eins'
keys C-x q
ends 0
start 100 24 --continue
sees 'You said: eins' 'quitting in the middle of an answer loses nothing'
quit
done_screens
