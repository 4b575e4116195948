#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a model says is data: it changes nothing on the terminal.

. "${srcdir:-.}/tmux/lib.sh"

start_server
start 80 24 --model mistral-small-latest
terminal select-pane -t main -T 'a title of ours'
send 'Hello'
sees 'You said: Hello'
screen | sed -n '1p;$p' | sed 's/^.*│//' >"$WORK/before"
modes() {
	terminal display-message -p -t main \
		'#{pane_title} #{alternate_on} #{insert_flag} #{keypad_flag} #{origin_flag} #{wrap_flag} #{scroll_region_upper} #{scroll_region_lower} #{mouse_any_flag} #{cursor_flag} #{pane_current_command}'
}
modes >"$WORK/modes"
send '!hostile'
sees 'before' 'a hostile answer is shown'
sees 'after' '... to its end'
modes >"$WORK/modes.after"
cmp "$WORK/modes" "$WORK/modes.after"
report $? 'title and modes of the terminal are as before'
sees 'You said: Hello' 'what was there before is there'
sees '> Message' 'so is the input line'
screen >"$WORK/one"
keys C-l
until_so 'drawing all again changes nothing' screen_is "$WORK/one"
say 'typing'
sees '> typing' 'typing works'
keys C-u
send 'Goodbye'
sees 'You said: Goodbye' '... and so does the next turn'
quit
causerie history @ >"$WORK/history" 2>&1
! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$WORK/history"
report $? 'the verbs print no control characters either'
done_screens
