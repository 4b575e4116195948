#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# =: two answers word by word, wide and narrow, and from there into a branch.

. "${srcdir:-.}/tmux/lib.sh"

start_server
start 120 30 --model mistral-small-latest
send 'one two three'
sees 'You said: one two three'
browse
keys =
sees 'There is nothing here to compare with' 'nothing to compare with'
keys G r
sees 'Once more: one two three'
sees '‹2/2›'
keys i
sees 'Message mistral-small'
browse
keys G =
sees '│▌+ main ‹1/2›' '= compares with the other answer, side by side'
sees '▌ Once more: one two three ' 'this one on the left'
sees '│▌ You said: one two three' '... and the other one on the right'
sees 'difference 1 of 1'
keys n
sees 'There is no further difference.' 'n says when there is none'
keys l
sees 'There is no further branch here.' 'l as well'

resize 80 24
sees '▌ Once more You said: one two three' 'narrow: both in one text'
resize 40 12
sees '▌ Once more You said: one two three' 'small'
resize 20 5
sees '▌main ‹1/' 'smaller than that'
resize 120 30
sees '│▌+ main ‹1/2›' 'and wide again'

keys Tab
sees '▌- b2 ‹2/2›' 'Tab goes to the other side'
keys Tab Enter
sees '▌ You said: one two three' 'Enter goes to the branch on the right'
lacks 'Once more'

keys F3
sees '(another answer)'
keys g m
sees '◆' 'm marks a line of the tree'
keys =
sees 'This line is the marked one' 'a line is not compared with itself'
keys j =
sees ' - main  You' 'the marked one on the left'
sees '│▌ Once more: one two three' '... and the selected one on the right'
keys b
sees 'New branch: Enter sends' 'b branches from there'
sees 'Once more: one two three'
close_screen

NO_COLOR=1
export NO_COLOR
start 120 30 --continue
browse
keys G =
sees '[-Once more-]: one' 'without colours: marks on the left'
sees '{+You said+}: one' '... and on the right'
keys q
sees 'e edit' 'q closes it'
quit
done_screens
