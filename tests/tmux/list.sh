#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The list of conversations: its filter, deleting, and as a picker where it is narrow.

. "${srcdir:-.}/tmux/lib.sh"

start_server
start 100 24 --model mistral-small-latest
for text in 'apples and pears' 'engines of steam' 'the moon at night'; do
	keys C-n
	sees_quietly 'Ask '
	send "$text"
	sees_quietly "You said: $text"
done
sees '   the moon at night' 'the list has all'
sees '   apples and pears'
keys F2
sees '/ filter  Enter open'
keys /
say 'steam'
sees '/ steam' 'typing filters'
lacks '   apples and pears' '... away what does not match'
sees '   engines of steam'
keys Enter
sees 'You said: engines of steam' 'Enter opens it'

sees 'Esc browse' '... and goes to the input'
keys F2
sees 'Enter open'
keys Escape
sees '   apples and pears' 'Esc shows all again'
keys G d
sees 'Delete “apples and pears”?' 'd asks first'
keys s
lacks '   apples and pears' 'it is gone from the list'

keys Escape
sees 'Esc browse'
resize 60 20
keys F2
sees 'Enter choose'
sees 'engines of steam' 'where it is narrow, the list is one to choose from'
say 'moon'
lacks '  engines of steam  '
keys Enter
sees 'You said: the moon at night' 'Enter opens it'
quit
[ "$(server_count '"method":"DELETE"')" -eq 1 ]
report $? 'what was deleted is deleted on the server, once'
done_screens
