#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# C-x e, and e in the tree: a file is written, and none is replaced unasked.

. "${srcdir:-.}/tmux/lib.sh"

start_server
start 100 30 --model mistral-small-latest
keys C-x e
sees 'nothing to export yet' 'a new conversation has nothing to export'
send 'one of many'
sees 'You said: one of many'

keys C-x e
sees 'This branch, to read and to edit' 'C-x e asks for the format'
keys Enter
sees '> one-of-many.md' '... and for a file, with a name for it'
keys C-u
say "$WORK/talk.md"
keys Enter
sees "Exported to $WORK/talk.md." '... and says where it went'
check 'it is there' grep -q '^You said: one of many$' "$WORK/talk.md"
check 'only its owner can read it' test "$(stat -c %a "$WORK/talk.md")" = 600

echo 'precious' >"$WORK/talk.md"
keys C-x e
sees 'This branch, to read and to edit'
keys Enter
sees '> one-of-many.md'
keys C-u
say "$WORK/talk.md"
keys Enter
sees 'Replace it?' 'it asks before a file is replaced'
keys n
sees 'the file is as it was' '... n leaves it'
check 'it is as it was' grep -q precious "$WORK/talk.md"
keys C-x e
sees 'This branch, to read and to edit'
keys Enter
sees '> one-of-many.md'
keys C-u
say "$WORK/talk.md"
keys Enter
sees 'Replace it?'
keys y
sees "Exported to $WORK/talk.md." '... y replaces it'
check 'it is replaced' grep -q '^You said: one of many$' "$WORK/talk.md"

keys F3
sees 'one of many  (1 turn)'
keys e
sees 'The whole tree, to read and to edit' 'e in the tree does the same'
say 'browser'
sees 'for a browser'
keys Enter
sees '> one-of-many.html' '... of any format'
keys C-u
say "$WORK/nowhere/tree.html"
keys Enter
sees 'cannot be written' 'what cannot be written is said'
keys e
sees 'The whole tree, to read and to edit'
keys Enter
sees '> one-of-many.md'
keys C-u
say "$WORK/tree.md"
keys Enter
wait_for test -s "$WORK/tree.md"
check 'the whole tree' grep -q '^## Branch main$' "$WORK/tree.md"
keys Escape
browse
keys g b
sees 'New branch: Enter sends'
say 'elsewhere'
keys Enter
sees 'You said: elsewhere'
keys C-x e
sees 'This branch, to read and to edit'
keys Enter
sees '> one-of-many.md' 'a branch has the name of its tree'
keys C-u
say "$WORK/tree.md"
keys Enter
resize 20 5
sees 'y: replace it' 'the keys are there on the smallest screen'
keys n
resize 80 24
keys F3
sees 'elsewhere'
resize 20 5
keys e
resize 80 24
sees 'The whole tree' 'it fits every size'
keys Escape
done_screens
