#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A paste is one edit, is never sent by itself, and nothing in it is obeyed.

. "${srcdir:-.}/tmux/lib.sh"

paste() { # FILE
	terminal load-buffer "$1"
	terminal paste-buffer -p -r -t main
}

start 80 24
printf 'first line\nsecond line\nthird line\n' >"$WORK/lines"
paste "$WORK/lines"
sees 'third line' 'lines are pasted'
sees '> first line'
screen_lacks 'Message guide'
report $? '... and not sent'
keys C-_
sees 'Ask guide anything' 'one undo takes them all back'

printf 'before \033[31mred\033[0m \033]0;title\007 \033[200~inner\033[2J after' >"$WORK/escapes"
paste "$WORK/escapes"
sees 'after' 'escape sequences are pasted'
sees '> before'
sees 'New conversation · guide' '... and not obeyed'
terminal_is pane_title title
[ $? -ne 0 ]
report $? '... the title neither'
keys C-_
sees 'Ask guide anything' '... one edit'

awk 'BEGIN { for (i = 1; i <= 2000; i++)
	printf "line %04d of a paste that is a hundred thousand bytes.\n", i }' >"$WORK/much"
printf 'the very end' >>"$WORK/much"
paste "$WORK/much"
sees 'the very end' '100 KB are pasted'
say '!'
sees 'the very end!' '... and typing goes on behind'
keys C-_
sees 'the very end'
keys C-_
until_so '... one edit' screen_lacks 'the very end'
sees 'Ask guide anything'
sees 'Nothing here yet' '... and nothing was sent'

# The same on a terminal that does not say where a paste begins and ends: tmux
# types it, with Enter at the end of each line.
printf 'the last line' | cat "$WORK/lines" - >"$WORK/unmarked"
terminal load-buffer "$WORK/unmarked"
terminal paste-buffer -t main
sees 'the last line' 'lines are pasted without marks'
sees '> first line'
sees 'Nothing here yet' '... and nothing was sent'
keys C-c
sees 'Ask guide anything'
awk 'BEGIN { for (i = 1; i <= 400; i++)
	printf "\tline %04d of a paste that nothing marks, in many reads.\n", i }' >"$WORK/unmarked"
printf 'the end of it' >>"$WORK/unmarked"
terminal load-buffer "$WORK/unmarked"
terminal paste-buffer -t main
sees 'the end of it' '20 KB are pasted without marks'
sees 'line 0400'
sees 'Nothing here yet' '... and nothing was sent'
keys C-c
sees 'Ask guide anything'
keys hello Enter
sees 'guide · ' 'words and Enter in one piece are sent'
quit
done_screens
