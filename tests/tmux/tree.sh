#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A walk through the tree: entries, labels, what opens by default, answers by
# others, and a branch made while an answer is coming.

. "${srcdir:-.}/tmux/lib.sh"

start_server
start 120 30 --model mistral-small-latest
send 'one'
sees 'You said: one'
send 'two'
sees 'You said: two'

keys F3
sees 'main  one  (2 turns) ◀' 'a straight run is one line'
keys z
sees 'main  > one' 'z shows its entries'
keys g j Enter
sees 'New branch: Enter sends' 'Enter on an answer goes on after it'
sees '· from “You said: one”' '... as the header says'
send 'zwei'
sees 'You said: zwei'
sees 'main › b2 ‹2/2› · forked from “You said: one”' 'the header says where that is'
sees '⑂2' '... and a mark where the ways part'

keys F3
sees 'b2  zwei'
keys r
sees 'Label of the branch b2'
say 'german'
keys Enter
sees 'german  zwei' 'a label takes the place of the number'
keys /
sees 'Search in this tree for'
say 'TWO'
keys Enter
sees '/TWO 1/2' 'words are found'
keys n
sees '/TWO 2/2'
keys p
sees 'main ★' 'p makes main what opens'
keys q
sees 'main › german ‹2/2›' 'the header knows the branch by its label'
quit
start 120 30 --continue
sees 'You said: two' '--continue opens it, though the other changed last'
keys F3
sees 'german' 'labels are kept'
keys q
sees 'Esc browse'

# Somebody else, and several at once.
browse
keys G R
sees 'Who answers this again; Tab marks several'
sees 'support@mistral'
say 'support'
lacks 'codestral'
keys Enter
sees '‹2/2›' 'an agent answers the same words in a branch'
sees ' · support · ' '... by its name'
sees 'e edit' '... and one goes on browsing'
keys G R
sees 'version 1' 'versions of the agent that answers are offered'
keys Escape
lacks 'Tab marks several'
sees 'e edit'
keys G R
sees 'support@mistral version 0'
say 'version'
lacks 'codestral'
keys Tab Tab
sees '✓ support@mistral version 1'
keys Enter
sees '2 answers are coming' 'several answer at once'
sees '/4›' '... side by side'
[ "$(server_count '"agent_version":[01],')" -eq 2 ]
report $? 'the server was asked for both versions'

# A branch while an answer is coming stops nothing.
keys i
send '!hold 4 red green blue black'
wait_for server_is holding 1 || fail 'the server does not hold'
sees 'You said: red'
keys F6
sees 'e edit'
keys k k b
sees 'New branch: Enter sends'
send 'meanwhile'
sees 'You said: meanwhile' 'a branch is answered while another one is'
server_is holding 1
report $? '... which goes on waiting'
server_release
keys F3
sees '!hold 4 red'
keys /
sees 'Search in this tree for'
say 'red green'
keys Enter
sees '1/2'
keys v
sees 'You said: red green blue black' '... and comes to its end'
quit
done_screens
