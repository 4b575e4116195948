#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# kill -9 loses nothing that was on the screen, and nothing is sent twice.

. "${srcdir:-.}/tmux/lib.sh"

die() {
	kill -9 "$CAUSERIE_PID"
	wait_for has_ended
}

draft_is_kept() {
	cat "$XDG_DATA_HOME"/causerie/causerie.db* 2>/dev/null | grep -aq "$1"
}

posts() {
	server_count '"method":"POST"'
}

posts_are() {
	[ "$(posts)" -eq "$1" ]
}

start 80 24
say 'half a thought'
sees 'half a thought'
wait_for draft_is_kept 'half a thought'
report $? 'a draft is written while it is typed'
die
start 80 24
sees '> half a thought' 'it is in the line after kill -9'
keys Enter
sees 'Message guide'
say 'another one'
wait_for draft_is_kept 'another one'
die
start 80 24
sees 'Ask guide' 'a new conversation has its own draft'
close_screen
start 80 24 --continue
sees '> another one' '... and each conversation too'
close_screen

start_server
start 80 24 --model mistral-small-latest
send '!hold one two three four'
wait_for server_is holding 1 || fail 'the server does not hold'
sees 'You said: one' 'half of an answer is there'
wait_for draft_is_kept 'You said: one'
die
posts_are 1
report $? 'one request was sent'

start 80 24 --continue
sees '!hold one two three four' 'after kill -9 the prompt is there'
sees 'You said: one' '... and what came of the answer'
sees 'You said: one two three four' '... and the rest, which the server has kept'
lacks 'Interrupted' '... so that nothing is missing'
posts_are 1
report $? 'nothing was sent again'
server_release
quit

start 80 24 --model mistral-small-latest
send '!forget !hold !once red green blue black'
wait_for server_is holding 1 || fail 'the server does not hold'
sees 'You said: red' 'half of another answer is there'
wait_for draft_is_kept 'You said: red'
die
start 80 24 --continue
sees '!forget !hold !once red' 'after kill -9 the prompt is there'
sees 'You said: red' '... and what came, of which the server knows nothing'
sees 'Interrupted; what came is kept' '... marked'
sees 'tries again' '... and it says what can be done'
posts_are 2
report $? '... and nothing was sent again'
browse
keys G r
sees 'You said: red green blue black' 'r gets the whole answer'
sees '‹2/2›' '... beside the part'
lacks 'Interrupted' '... and nothing is marked'
posts_are 3
report $? '... with one request'
quit
done_screens
