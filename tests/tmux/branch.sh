#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# e, r, h and l, and the tree where it is narrow and where it is wide.

. "${srcdir:-.}/tmux/lib.sh"

start_server
start 100 30 --model mistral-small-latest
send 'one'
sees 'You said: one'
send 'two'
sees 'You said: two'

browse
keys G k e
sees 'Editing: Enter sends it as a new branch' 'e edits a prompt'
sees '> two'
keys C-u
say 'zwei'
keys Enter
sees 'You said: zwei' 'the edited one is answered'
sees 'You ‹2/2›' '... beside the other one'
lacks 'You said: two'
sees 'You said: one' '... after the same beginning'
browse
keys h
sees 'You said: two' 'h shows the first'
sees 'You ‹1/2›'
keys G k e
sees '> two' 'what was sent is no draft of it any more'
keys Escape
browse
keys l
sees 'You said: zwei' 'l the second'
sees 'You ‹2/2›'

keys G r
sees 'Once more: zwei' 'r gets another answer'
sees '‹2/2›'
keys i
sees 'Message mistral-small'
browse
keys h
sees 'You said: zwei' '... beside the first one'

keys g e
sees '> one' 'the first prompt can be edited as well'
keys C-u
say 'eins'
keys Enter
sees 'You said: eins' '... and is answered'
lacks 'You said: one'
sees 'You ‹2/2›'

resize 160 30
keys F3
sees 'eins  (1 turn) ◀' 'the tree, wide, has the new beginning'
sees 'main  one  (1 turn)' '... and the old one'
sees 'b2  zwei' '... the edited prompt'
sees '(another answer)' '... and the other answer'
sees '│ You said: eins' '... and what the selected line stands for'
resize 66 15
sees 'main  one  (1 turn)' 'the same, narrow'
lacks 'You said: eins' '... without that'
keys g
keys Enter
sees '▌ You said: one' 'Enter goes there'
sees 'main' '... in its branch'
keys i
sees 'Esc browse'
keys F3
sees 'main  one'
keys q
resize 100 30
sees 'Esc browse'
quit
[ "$(server_count '"method":"POST"')" -eq 5 ]
report $? 'five requests were sent'
done_screens
