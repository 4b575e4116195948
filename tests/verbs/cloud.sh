#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The verbs against the API: answers, requests, errors.

. "${srcdir:-.}/tap.sh"
start_server

run 0 start --no-stream "Hello there"
out_is 'You said: Hello there'
run 0 append @ --stream "!think again"
out_is 'You said: again'
run 0 restart @ --from -3 --no-stream "another way"
out_is 'You said: another way'
check 'its metadata names parent and entry' \
	sh -c "tail -n 1 '$WORK/requests' | grep -q '\"causerie_parent\":\"conv_.*\"causerie_entry\":\"msg_'"
run 0 tree @
out_has 'b2'
branch=$("$CAUSERIE" get @ --json | sed 's/.*"id":"\(conv_[0-9a-f]*\)".*/\1/')
entry=$("$CAUSERIE" history "$branch" --json | grep -o '"id":"msg_[0-9a-f]*' | sed -n '2s/.*"//p')
run 0 restart "$branch" --from "$entry" --no-stream "from what it inherited"
check 'the conversation given is the one that is asked' \
	sh -c "tail -n 1 '$WORK/requests' | grep '\"path\":\"/v1/conversations/$branch/restart\"' | grep -q '\"from_entry_id\":\"$entry\"'"
run 0 delete @

run 0 list
check 'both are on the server' test "$(grep -c '^conv_' "$OUT")" -eq 2
run 0 history @
out_has 'another way'
run 0 history @ --json
out_has '"object":"conversation.history"'
run 0 messages @
run 0 get @ --json
out_has '"model":"mistral-medium-latest"'
run 0 agents
run 0 models
out_has 'mistral'
run 0 start --no-stream --model mistral-small-latest --instructions 'Be brief.' --name N \
	--description D --tool web_search --metadata team=blue --completion-arg temperature=0.3 \
	--completion-arg 'stop=["x"]' all of it
check 'the request says all of it' sh -c "tail -n 1 '$WORK/requests' | grep -q '\"temperature\":0.3'"
run 0 list --metadata team=blue
check 'the filter finds one' test "$(grep -c '^conv_' "$OUT")" -eq 1
run 0 start --no-stream --agent ag_019a0000000070008000000000000010 hello
run 0 start --no-stream --no-store hello
check 'store: false was sent' sh -c "tail -n 1 '$WORK/requests' | grep -q '\"store\":false'"
run 2 start --completion-arg temprature=1 hello
err_has temperature
run 2 start --completion-arg temperature=7 hello

run 0 start --stream '!hostile'
printf '\033' >"$WORK/escape"
check 'no escape reaches the output' sh -c "! grep -q -f '$WORK/escape' '$OUT'"
out_has 'before'
out_has 'after'
run 0 start --stream '!unknown'
run 0 start --stream '!onebyte !markdown'
cp "$OUT" "$WORK/bytes"
run 0 start --stream '!markdown'
check 'cut at every byte it is the same' cmp "$OUT" "$WORK/bytes"
run 0 start --json --stream '!tool x'
check 'every line is an event' sh -c "! grep -v '^{\"type\":\"' '$OUT'"

# Errors: a sentence each, the right status, the words kept.
run 5 start '!status 401'
one_sentence
err_has 'Unauthorized'
err_has 'mistral-correlation-id'
err_has 'was not sent'
run 1 start '!status 500'
one_sentence
err_lacks '<'
run 1 start --stream '!html'
one_sentence
run 1 start '!204'
run 1 start '!empty'
run 1 start '!status 422'
run 1 start '!redirect'
check 'a redirect is not followed' sh -c "! grep -q elsewhere '$WORK/requests'"
run 4 start --stream '!cut 300'
one_sentence
err_lacks 'was not sent'
run 4 start --stream '!nodone'
run 1 start --stream '!error'
run 4 start '!close'
err_has 'not known'
before=$(server_number requests)
run 6 start --stream '!status 429 90'
err_has 90
check '429 with a long wait is not tried again' server_is requests $((before + 1))
before=$(server_number requests)
run 0 start --stream '!retry 1 !once !status 429 back again'
check 'with a short one it is, once' server_is requests $((before + 2))
before=$(server_number requests)
run 4 start --stream '!reset-head'
check 'what may have arrived is never sent again' server_is requests $((before + 1))

MISTRAL_API_KEY=wrong
run 5 list
MISTRAL_API_KEY=test-key
"$CAUSERIE" --debug-log "$WORK/debug" start --no-stream hello >"$OUT" 2>&1 </dev/null
check 'no key in the log' sh -c "! grep -rq test-key '$WORK/debug' '$HOME'"
unset MISTRAL_API_KEY
run 5 --connection mistral start hello
err_has MISTRAL_API_KEY
MISTRAL_API_KEY=test-key
export MISTRAL_API_KEY

# Interrupted: 130, and what came is kept.
"$CAUSERIE" start --stream '!hold kept words here' >"$OUT" 2>"$ERR" </dev/null &
pid=$!
wait_for server_is holding 1
kill -INT $pid
wait $pid
check 'SIGINT ends it with 130' test $? -eq 130
run 0 history @ --local
out_has interrupted
server_release

# Killed in the middle: the same, and nothing is sent twice.
"$CAUSERIE" start --stream '!hold killed words here' >"$OUT" 2>"$ERR" </dev/null &
pid=$!
wait_for server_is holding 1
kept() { "$CAUSERIE" history @ --local 2>/dev/null </dev/null | grep -q 'You said:'; }
wait_for kept
kill -KILL $pid
wait $pid 2>/dev/null
run 0 history @ --local
out_has 'killed words here'
out_has interrupted
check 'it was sent once' test "$(server_count 'killed words')" -eq 1
server_release

# Offline, what is kept is still here.
stop_server
run 0 list
err_has 'kept here'
run 0 history @
err_has 'kept here'
run 4 append @ hello
err_has 'was not sent'
run 0 history @ --local
out_has unsent

# Agents come in pages, but as one document.
start_server --agents 450
run 0 agents
check 'all of them are listed' test "$(grep -c ' ag_' "$OUT")" -eq 450
run 0 agents --json
check 'one document' test "$(wc -l <"$OUT")" -eq 1
out_has '^{"object":"list","data":\[{.*}\],"next_page_token":null}$'
check 'with all of them' test "$(grep -o '"object":"agent"' "$OUT" | wc -l)" -eq 450
stop_server

done_testing
