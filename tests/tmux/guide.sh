#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The first start, with no profile, no key and no network, up to two branches;
# and all of it is there after the next start.

. "${srcdir:-.}/tmux/lib.sh"

# The lines of the tree as the pane shows them, where it has the whole width.
tree_lines() {
	screen | sed -n '3,/^──/p' | sed -e '/^──/d' -e 's/^ //' -e 's/ *$//' -e '/^$/d'
}

same_tree() {
	tree_lines >"$WORK/pane"
	causerie tree @ | sed 's/ *$//' >"$WORK/verb"
	[ -s "$WORK/pane" ] && cmp "$WORK/pane" "$WORK/verb"
}

start 120 40
sees 'Ask guide anything' 'it opens on the guide'
sees 'no key, no network' '... which says what it is'

send 'how do I quit?'
sees 'Press C-x q' 'the guide answers'
sees 'Message guide'
send 'where do I put my key?'
sees 'chmod 600' 'a second question is answered'
send 'thanks'
sees 'You are welcome' 'and a third one'

browse
keys g j
sees '▌ guide' 'one browses to the first answer'
keys b
sees 'New branch: Enter sends' 'b begins a branch there'
send 'how do I use Ollama?'
sees 'Install Ollama' 'the branch is answered'
sees 'main › b2 ‹2/2›' 'the header tells where one is'
lacks 'where do I put my key?' 'what came after the fork is not in it'

keys F3
sees 'how do I use Ollama?  (1 turn) ◀' 'the tree has the branch one is in'
sees 'where do I put my key?  (2 turns)' '... and the other one'
resize 68 24
until_so 'causerie tree @ prints the lines of the pane' same_tree
keys F3
quit

start 120 40 --continue
sees 'Install Ollama' 'the next start shows the branch'
sees 'main › b2 ‹2/2›' '... and where one is'
browse
keys h
sees 'You are welcome' '... and h the other branch'
keys F3
sees '(2 turns) ◀' '... and F3 both of them'
sees 'b2  how do I use Ollama?'
keys q
quit
done_screens
