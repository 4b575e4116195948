#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The verbs with nothing set up: the guide answers, the store keeps.

. "${srcdir:-.}/tap.sh"

run 0 start --no-stream "how do I go back to an earlier message?"
out_has 'not a language model'
out_has 'Going back'
err_lacks .

run 0 append @ --stream "where do I put my key?"
out_has 'MISTRAL_API_KEY'
run 0 restart @ --from -3 --no-stream "how do I use Ollama?"
out_has 'api: chat-completions'

run 0 tree @
out_has 'b2'
out_has '◀'
check 'the tree has three lines' test "$(wc -l <"$OUT")" -eq 3

run 0 history @
check 'history: four entries' test "$(grep -c '^\[msg_' "$OUT")" -eq 4
run 0 messages @
check 'messages: four as well' test "$(grep -c '^\[msg_' "$OUT")" -eq 4
run 0 history @ --json
out_has '"object":"conversation.history"'
run 0 get @ --json
out_has '"id":"conv_'
run 0 list
check 'list: both conversations' test "$(grep -c '^conv_' "$OUT")" -eq 2
id=$(sed -n '2s/ .*//p' "$OUT")
run 0 list --page-size 1 --page 1
out_has "$id"
check 'a page has one' test "$(wc -l <"$OUT")" -eq 1

tail=${id#conv_}
run 0 get "$tail"
out_has "$id"
run 2 get "$(printf %.4s "$tail")"
err_has 'conv_'

run 0 search Ollama
out_has '\[Ollama\]'
run 0 search --json Ollama
out_has '"conversation_id":"conv_'

run 0 models
out_has guide
run 0 agents

printf 'is this\nread?' | "$CAUSERIE" append @ >"$OUT" 2>"$ERR"
check 'standard input is the message' test $? -eq 0
run 0 history @
out_has 'read?'
printf 'piped' | "$CAUSERIE" append @ words first >"$OUT" 2>"$ERR"
run 0 history @
check 'words come first, then a blank line, then the pipe' \
	sh -c "grep -A2 'words first' '$OUT' | tr '\n' '|' | grep -q 'words first||piped'"

run 0 start --no-store --no-stream hello
run 0 list
check 'what is not to be kept is not' test "$(grep -c '^conv_' "$OUT")" -eq 2

run 0 start --json --stream hello
check 'the first event is started' sh -c "head -n 1 '$OUT' | grep -q conversation.response.started"
check 'the last is done' sh -c "tail -n 1 '$OUT' | grep -q conversation.response.done"
check 'there are several deltas' test "$(grep -c message.output.delta "$OUT")" -ge 3
run 0 start --json --no-stream hello
out_has '^{"object":"conversation.response"'
check 'one document' test "$(wc -l <"$OUT")" -eq 1

run 0 delete @
run 0 list
check 'one less' test "$(grep -c '^conv_' "$OUT")" -eq 3
run 0 delete "$id"
run 0 tree @

run 0 doctor
out_has '^ok.*store'
out_has '^ok.*guide'
run 0 doctor --json
out_has '"subject":"store"'

done_testing
