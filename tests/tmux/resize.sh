#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Any size at any time.

. "${srcdir:-.}/tmux/lib.sh"

widths='20x5 1x1 200x60 19x4 80x24 1x60 200x1 40x12 33x7 120x40 20x5 3x3 79x23 80x5'

start_server
start 80 24 --model mistral-small-latest
send 'Hello'
sees 'You said: Hello'
send '!slow 10 !long 300'
sees '· streaming'
for size in $widths $widths; do
	resize "${size%x*}" "${size#*x}"
	wait_for -n 100 terminal_is pane_width "${size%x*}"
done
report $? 'the size changes while it streams'
resize 80 24
sees '> Message' 'at 80x24 all is there again'
sees '320 tokens' 'the answer comes to its end'
# A key is read after the size: then what is shown is of this size.
say 'x'
sees '> x'
keys BSpace
sees '> Message'
screen >"$WORK/storm"
keys C-l
until_so 'the screen is what drawing all again makes of it' screen_is "$WORK/storm"

resize 10 3
until_so 'below the least size it says so' sh -c "tmux -S '$WORK/tmux' capture-pane -p -t main | tr -d '\n' | grep -q 'Too small'"
resize 20 5
sees '> Message' '20x5 works'
lacks 'Too small'
send 'in 20x5'
sees 'You said: in 20x5' '... for a whole turn'
keys F2
sees 'Hello' '... the list'
keys Escape
sees '> Message'
keys F3
sees 'main  ' '... the tree'
keys F3
sees 'You said: in 20x5'
keys C-p
say 'rename'
sees '  rename' '... the palette'
keys Escape
sees 'You said: in 20x5'
resize 200 60
sees 'F4 who  F3 tree  Esc browse  F1 help' '200x60 works'
sees 'You said: in 20x5'
resize 1 1
resize 100 30
sees 'F4 who  F3 tree  Esc browse  F1 help' 'and 100x30 after 1x1'
quit
done_screens
