#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the verbs keep and what they do not, and conversations that only the
# server, or only this machine, has.

. "${srcdir:-.}/tap.sh"
start_server

rows() { # NUMBER: so many conversations are kept here
	"$CAUSERIE" list --local >"$OUT" 2>"$ERR" </dev/null
	[ "$(wc -l <"$OUT")" -eq "$1" ]
}

fresh_store() {
	rm -rf "$XDG_DATA_HOME/causerie"
}

# Nothing is kept of what was not said.
run 2 append conv_none </dev/null
run 2 append conv_none ''
run 2 append conv_none ' '
run 2 start ' ' ''
run 1 restart conv_none --from -1 hello
run 2 append conv_none --completion-arg temprature=1 hello
check 'a mistake leaves no conversation behind' rows 0

run 0 start --no-stream 'the first'
id=$("$CAUSERIE" list | sed -n '1s/ .*//p')
run 0 append "$id" --no-stream 'the second'
fresh_store

# Another machine: the server knows it, we do not.
run 0 append "$id" --no-store --no-stream 'in passing'
out_is 'You said: in passing'
check 'nothing is kept of --no-store' rows 0
run 0 history "$id"
check 'nor there' sh -c "! grep -q passing '$OUT'"
run 2 restart "$id" --from -9 hello
err_has '4 entries'
check 'nor of a mistake' rows 0
run 2 restart "$id" --from -1 ''
run 0 restart "$id" --from -3 --no-stream 'elsewhere'
out_is 'You said: elsewhere'
run 0 history @
check 'it goes on from the second entry' \
	sh -c "grep -v '^\[\|^$' '$OUT' | tr '\n' '|' | grep -q 'the first|You said: the first|elsewhere|You said: elsewhere|'"
run 0 tree @
out_has 'b2'
fresh_store
entry=$("$CAUSERIE" history "$id" --json | grep -o '"id":"msg_[0-9a-f]*' | sed -n '2s/.*"//p')
tail=${entry#msg_}
run 0 restart "$id" --from "$tail" --no-stream 'by a part of the id'
run 0 tree @
out_has 'b2'
before=$(server_count '/restart"')
run 1 restart "$id" --from msg_nowhere --no-stream hello
check 'an id nobody knows goes to the server as it is' \
	test "$(server_count '/restart"')" -eq $((before + 1))

# Never sent: only here, and so are the answers about it.
fresh_store
run 5 start --no-stream --instructions 'Be brief.' '!status 401 kept words'
run 0 history @
out_has 'kept words'
out_has 'unsent'
run 0 messages @ --json
out_has 'kept words'
run 0 get @
out_has 'Be brief.'
run 0 append @ --no-stream 'now then'
out_is 'You said: now then'
check 'it has begun with the words that went through' \
	sh -c "tail -n 1 '$WORK/requests' | grep '\"path\":\"/v1/conversations\"' | grep -q 'Be brief.'"
run 5 start '!status 401 to be deleted'
run 0 delete @
run 0 search deleted
check 'it is gone' test ! -s "$OUT"
run 0 delete --json @
check 'an answer without a body prints nothing' test ! -s "$OUT"

# Interrupted: 130, what became of the words, and how to go on.
interrupt() { # PATTERN ARGUMENT...: runs it, interrupts it when the server has the pattern
	pattern=$1
	shift
	"$CAUSERIE" "$@" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	wait_for sh -c "grep -q '$pattern' '$WORK/requests'"
	[ "$pattern" != holds ] || wait_for server_is holding 1
	kill -INT $pid
	wait $pid
	check "causerie $*, interrupted, ends with 130" test $? -eq 130
	one_sentence
	err_has '^causerie: Interrupted'
}
interrupt waits start --stream '!status 429 30 waits'
err_has 'was not sent; it is kept in conv_[0-9a-f]*, and `causerie --continue`'
run 0 history @ --local
out_has 'waits'
out_has 'unsent'
interrupt 'nobody knows' start --stream '!stall 0 nobody knows'
err_has 'is kept in conv_[0-9a-f]*; whether it arrived is not known, and `causerie --continue`'
interrupt holds start --stream '!hold 2 holds one two three'
err_has 'What came of the answer is kept in conv_[0-9a-f]*; `causerie append conv_'
check 'and what came stands there' grep -q '^You' "$OUT"
run 0 history @ --local
out_has 'interrupted'
server_release
run 0 append @ --no-stream 'on from there'
out_is 'You said: on from there'
interrupt 'keep nothing' start --stream --no-store '!stall 0 keep nothing'
err_has 'Nothing of it is kept'
server_fault '!stall 0' 1 GET /v1/models
interrupt '/v1/models"' models
err_has 'before the server had answered'
mkfifo "$WORK/fifo"
fresh_store
"$CAUSERIE" start <"$WORK/fifo" >"$OUT" 2>"$ERR" &
pid=$!
exec 9>"$WORK/fifo"
wait_for test -s "$XDG_DATA_HOME/causerie/causerie.db"
kill -INT $pid
wait $pid
check 'interrupted while it reads its input: 130' test $? -eq 130
exec 9>&-

# Characters that are more than a byte are never cut.
words='これは長い日本語の文章であり英字も改行も空白も含まないまま続いていくので途中で切ると壊れる'
run 0 start --stream "!pieces 3 $words"
out_is "You said: $words"
run 0 start --stream "!onebyte $words 👩‍👩‍👧‍👦 é"
out_is "You said: $words 👩‍👩‍👧‍👦 é"

# A list of those with some metadata is the same from here, page by page.
fresh_store
for n in 1 2 3 4 5; do
	run 0 start --no-stream --metadata team=blue --metadata "n=$n" "blue $n"
	run 0 start --no-stream --metadata team=red "red $n"
done
run 0 start --no-stream --metadata 'team=["blue"]' --metadata n=5 'not blue'
for options in '--metadata team=blue' '--metadata team=blue --metadata n=5' \
	'--metadata team=blue --page-size 2 --page 2' '--metadata n="5"' \
	'--metadata team=blue --page-size 2 --page 3'; do
	run 0 list $options
	sed 's/ .*//' "$OUT" >"$WORK/there"
	run 0 list --local $options
	sed 's/ .*//' "$OUT" >"$WORK/here"
	check "list $options is the same from here" cmp "$WORK/there" "$WORK/here"
done
run 0 list --local --metadata team=blue --page-size 2 --page 2
out_has 'blue 1'
check 'the last page has one' test "$(wc -l <"$OUT")" -eq 1
run 0 list --local --json --metadata team=blue --metadata n=3
out_has '^\[{.*"n":3.*}\]$'
out_lacks '"red"'
run 0 list --local --metadata team=green
check 'none is none' test ! -s "$OUT"
stop_server
run 0 list --metadata n=2
err_has 'kept here'
check 'and without the server too' test "$(wc -l <"$OUT")" -eq 1

# What the command line means: conversations, entries, input.
start_server
fresh_store
run 0 start --no-stream 'the oldest'
oldest=$("$CAUSERIE" list | sed -n '1s/ .*//p')
run 0 start --no-stream 'the newest'
newest=$("$CAUSERIE" list | sed -n '1s/ .*//p')
run 0 get @
out_has "$newest"
run 0 get "${oldest#conv_}"
out_has "$oldest"
run 0 get "${oldest%?}"
out_has "$oldest"
run 2 get conv_
err_has 'More than one conversation begins with'
one_sentence
run 0 append "${oldest#conv_}" --no-stream 'said to the older one'
run 0 get @
out_has "$oldest"
sent() { # REGEX: in the last message that was sent
	grep '"method":"POST"' "$WORK/requests" | tail -n 1 | grep -q -e "$1"
}
entry() { # NUMBER: id of that entry of the older one
	"$CAUSERIE" history "$oldest" --json | grep -o '"id":"[^"]*' | sed -n "$1s/.*\"//p"
}
run 0 restart "$oldest" --from -2 --no-stream 'from the prompt before'
check '--from -2 is the entry before the last' sent "\"from_entry_id\":\"$(entry 3)\""
run 0 restart "$oldest" --from -1 --no-stream
check '--from -1 is the last' sent "\"from_entry_id\":\"$(entry 4)\""
check 'and no words are sent where none were given' sh -c "! tail -n 1 '$WORK/requests' | grep -q inputs"
run 2 restart "$oldest" --from -5 hello
err_has '4 entries'
run 2 restart "$oldest" --from msg_ hello
err_has 'several entries'

piped() { # WANT INPUT ARGUMENT...: INPUT is a format of printf
	want=$1 input=$2
	shift 2
	printf "$input" | "$CAUSERIE" "$@" >"$OUT" 2>"$ERR"
	check "causerie $*, with something piped, ends with $want" test $? -eq "$want"
}
piped 0 'one\ntwo\n' start --no-stream
check 'standard input is read to its end' sent '"inputs":"one\\ntwo"'
piped 0 'from the pipe' start --no-stream -
check '"-" is standard input' sent '"inputs":"from the pipe"'
piped 0 'piped\n' append @ --no-stream words come first
check 'both: words, a blank line, what was piped' sent '"inputs":"words come first\\n\\npiped"'
piped 0 '' append @ --no-stream only words
check 'nothing piped adds nothing' sent '"inputs":"only words"'
before=$(server_number requests)
piped 2 '' start
piped 2 ' \n\n' start -
piped 2 '' append @ ''
one_sentence
check 'and nothing is sent of nothing' server_is requests "$before"

# What only a person wants to know goes to a terminal only.
run 0 append @ --no-stream 'to a file'
check 'nothing on standard error' test ! -s "$ERR"
run 0 delete @
check 'nor of a deletion' test ! -s "$ERR"
stop_server
done_testing
