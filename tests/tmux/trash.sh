#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Deleting can be undone until it is carried out: at the end, or at the next start.

. "${srcdir:-.}/tmux/lib.sh"

deleted() {
	server_count '"method":"DELETE"'
}

deleted_are() {
	[ "$(deleted)" -eq "$1" ]
}

start_server
start 100 24 --model mistral-small-latest
for text in 'apples and pears' 'engines of steam' 'the moon at night'; do
	keys C-n
	sees_quietly 'Ask '
	send "$text"
	sees_quietly "You said: $text"
done
sees '   the moon at night' 'the list has all'
say 'half a thought'
keys C-x d
sees 'Delete “the moon at night”?'
keys s
sees 'Deleted. C-x u undoes it.' 'it says that it can be undone'
lacks '   the moon at night' '... and it is gone from the list'
lacks 'half a thought' '... and from the screen'
keys C-x u
sees '   the moon at night' 'C-x u brings it back'
sees '> half a thought' '... with what was typed in it'

keys F2
sees 'Enter open'
keys G d
sees 'Delete “apples and pears”?'
keys h
sees 'Deleted. u undoes it.' 'in the list u does it'
lacks '   apples and pears'
keys d
sees 'Delete “engines of steam”?' 'the next row is selected'
keys s
lacks '   engines of steam'
keys u
sees '   engines of steam' 'u brings back the last one first'
lacks '   apples and pears' '... and no other'
keys u
sees '   apples and pears' '... and then the one before'
deleted_are 0
report $? 'the server was not asked for anything'

keys G d
sees 'Delete “apples and pears”?'
keys s
lacks '   apples and pears'
kill -9 "$CAUSERIE_PID"
wait_for has_ended
deleted_are 0
report $? 'killed, it was not carried out'
start 100 24
wait_for deleted_are 1
report $? '... but at the next start'
sees '   the moon at night'
lacks '   apples and pears' '... and it did not come back'

keys F2
sees 'Enter open'
keys G d
sees 'Delete “engines of steam”?'
keys s
lacks '   engines of steam'
quit
deleted_are 2
report $? 'quitting carries it out'

start 100 24
sees '   the moon at night'
lacks '   engines of steam'
server_fault '!status 500' 1 DELETE
keys F2
sees 'Enter open'
keys G d
sees 'Delete “the moon at night”?'
keys s
lacks '   the moon at night'
quit
start 100 24
wait_for deleted_are 4
report $? 'what the server refused is tried again at the next start'
lacks '   the moon at night'
quit
done_screens
