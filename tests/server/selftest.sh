#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The test server tested: a test that relies on it must be able to.

. "${srcdir:-.}/server/lib.sh"
set -e

post() { # PATH BODY
	server POST "$1" "$2"
}

start() { # PROMPT, as it stands in JSON
	post /v1/conversations "{\"inputs\":\"$1\",\"model\":\"m\"}"
}

start_stream() {
	post /v1/conversations "{\"inputs\":\"$1\",\"model\":\"m\",\"stream\":true}"
}

field() { # NAME: the first string of that name
	sed -n "s/^[^\$]*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1
}

id_of() { # the conversation of an answer
	sed 's/.*"conversation_id":"\([^"]*\)".*/\1/' | head -n 1
}

has() { # TEXT in standard input
	grep -q -F -e "$1" || fail "expected $1"
}

has_not() {
	if grep -q -F -e "$1"; then fail "did not expect $1"; fi
}

start_server

# Start, append, history, messages, get.
answer=$(start Hello) || fail start
echo "$answer" | has '"content":"You said: Hello"'
conversation=$(echo "$answer" | id_of)
post "/v1/conversations/$conversation" '{"inputs":[{"role":"user","content":"More"}]}' |
	has '"content":"You said: More"'
server GET "/v1/conversations/$conversation/history" >"$WORK/history" || fail history
[ "$(grep -o '"object":"entry"' "$WORK/history" | wc -l)" -eq 4 ] || fail 'four entries'
server GET "/v1/conversations/$conversation/messages" | has '"messages":['
server GET "/v1/conversations/$conversation" | has '"model":"m"'

# Restart: a new conversation, the entry inclusive, the same ids.
entry=$(grep -o '"id":"msg_[^"]*"' "$WORK/history" | sed -n 's/"id":"\(.*\)"/\1/;2p')
answer=$(post "/v1/conversations/$conversation/restart" \
	"{\"from_entry_id\":\"$entry\",\"inputs\":\"Other\",\"metadata\":{\"causerie_parent\":\"p\"}}")
branch=$(echo "$answer" | id_of)
[ "$branch" != "$conversation" ] || fail 'restart makes a new conversation'
server GET "/v1/conversations/$branch/history" >"$WORK/branch"
[ "$(grep -o '"object":"entry"' "$WORK/branch" | wc -l)" -eq 4 ] || fail 'two entries kept, two new'
has "\"id\":\"$entry\"" <"$WORK/branch"
has_not More <"$WORK/branch"
server GET '/v1/conversations?metadata=%7B%22causerie_parent%22%3A%22p%22%7D' | has "$branch"
server GET '/v1/conversations?metadata=%7B%22causerie_parent%22%3A%22p%22%7D' | has_not "$conversation"
server GET '/v1/conversations?page=0&page_size=1' | has_not "$conversation"
server GET '/v1/conversations?page=1&page_size=1' | has "$conversation"
first=$(grep -o '"id":"msg_[^"]*"' "$WORK/history" | sed -n 's/"id":"\(.*\)"/\1/;1p')
post "/v1/conversations/$conversation/restart" "{\"from_entry_id\":\"$first\"}" | has 'Once more: Hello'

# Strictness.
post /v1/conversations '{"inputs":"x","model":"m","surprise":1}' | has '"loc":["body","surprise"]'
post /v1/conversations '{"inputs":"x"}' | has 'exactly one of model and agent_id'
post /v1/conversations '{"inputs":"x","model":"m","agent_id":"a"}' | has 'exactly one of'
post /v1/conversations '{"inputs":[],"model":"m"}' | has too_short
post "/v1/conversations/$conversation" '{"inputs":"x","tools":[]}' | has extra_forbidden
post "/v1/conversations/$conversation" '{}' | has 'Either inputs or tool_confirmations'
post "/v1/conversations/$conversation/restart" '{"inputs":"x"}' | has 'Field required'
post /v1/conversations '{"inputs":"x","model":"m","completion_args":{"top_k":1}}' | has extra_forbidden
server GET /v1/conversations/conv_nowhere | has '"code":3000'
server GET /v1/nowhere | has 'no Route matched'
MISTRAL_API_KEY=wrong server GET /v1/models | has '{"detail":"Unauthorized"}'

# store: false keeps nothing.
id=$(post /v1/conversations '{"inputs":"x","model":"m","store":false}' | id_of)
server GET "/v1/conversations/$id" >/dev/null && fail 'store: false was stored'

# Function calls must be answered first.
answer=$(start '!call f {\"a\": 1}')
id=$(echo "$answer" | id_of)
call=$(echo "$answer" | sed 's/.*"tool_call_id":"\([^"]*\)".*/\1/')
post "/v1/conversations/$id" '{"inputs":"x"}' | has "Provide function results first for: ['$call']"
post "/v1/conversations/$id" \
	"{\"inputs\":[{\"type\":\"function.result\",\"tool_call_id\":\"$call\",\"result\":\"7\"}]}" |
	has 'The result of f is: 7'
answer=$(start '!confirm f {}')
id=$(echo "$answer" | id_of)
call=$(echo "$answer" | sed 's/.*"tool_call_id":"\([^"]*\)".*/\1/')
post "/v1/conversations/$id" \
	"{\"tool_confirmations\":[{\"tool_call_id\":\"$call\",\"confirmation\":\"allow\"}]}" |
	has 'f was allowed.'

# Deleting.
server DELETE "/v1/conversations/$branch" >/dev/null || fail delete
server GET "/v1/conversations/$branch" >/dev/null && fail 'it is still there'

# Streams.
start_stream 'One two' >"$WORK/stream"
has 'event: conversation.response.started' <"$WORK/stream"
has '"content":"two"' <"$WORK/stream"
has 'event: conversation.response.done' <"$WORK/stream"
tail -n 3 "$WORK/stream" | has 0
start_stream '!nodone x' | has_not response.done
start_stream '!error x' | has 'event: conversation.response.error'
start_stream '!unknown x' | has hologram
start_stream '!handoff x' | has agent.handoff.done
start_stream '!crlf x' | tr '\r' '~' | has 'event: conversation.response.done~'
start_stream '!json-for-stream x' | has '{"object":"conversation.response"'
start_stream '!cut 100 x' >"$WORK/stream"
has_not response.done <"$WORK/stream"
[ "$(sed 1d "$WORK/stream" | head -c 100 | wc -c)" -eq 100 ] || fail '100 bytes'
start_stream '!drop x' 2>/dev/null && fail 'an answer after !drop'
before=$(server GET /v1/conversations | grep -o '"id":"conv_' | wc -l)
start_stream '!close x' 2>/dev/null && fail 'an answer after !close'
after=$(server GET /v1/conversations | grep -o '"id":"conv_' | wc -l)
[ "$after" -eq $((before + 1)) ] || fail '!close must have stored'

id=$(start '!busy 1 x' | id_of)
post "/v1/conversations/$id" '{"inputs":"y"}' | has 'Conversation is being updated'
post "/v1/conversations/$id" '{"inputs":"y"}' | has 'You said: y'

# Statuses, once and always.
start '!status 429 7 x' | has 'Rate limit exceeded'
start '!once !status 503 y' | has upstream
start '!once !status 503 y' | has 'You said: y'
start '!html x' | has '<h1>'
server_fault 'status 500' 2 GET /v1/models
server GET /v1/models | has '500 Internal'
server GET /v1/agents/pages | has finance-agent
server GET /v1/models | has '500 Internal'
server GET /v1/models | has mistral-small-latest
start '!frobnicate' 2>/dev/null | has 'knows no !frobnicate'

# Holding, and noticing that the client goes away.
start_stream '!hold one two three four' >"$WORK/held" &
wait_for server_is holding 1 || fail 'nothing is on hold'
server_release
wait $!
has response.done <"$WORK/held"
"$FAKESERVER" --request "$PORT" POST /v1/conversations \
	'{"inputs":"!stall x","model":"m","stream":true}' >"$WORK/stalled" &
stalled=$!
wait_for server_is stalled 1 || fail 'nothing is stalled'
kill $stalled
wait_for server_is stalled 0 || fail 'the close was not noticed'
server GET /_log | has '"client_closed":true'

# Agents by pages; the log.
server GET '/v1/agents/pages?page_size=2' | has '"next_page_token":"after-2"'
server GET '/v1/agents/pages?page_size=2&page_token=after-2' | has '"next_page_token":null'
[ "$(server_count '"path":"/v1/agents/pages"')" -eq 3 ] || fail 'the log of requests'

# Chat completions, Mistral's way.
post /v1/chat/completions '{"model":"m","messages":[{"role":"user","content":"Hi"}],"user":"u"}' |
	has 'Extra inputs'
stop_server

# And the others' way.
start_server --openai
chat() {
	post /v1/chat/completions "{\"model\":\"m\",\"stream\":$2,\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":\"user\",\"content\":\"$1\"}]}"
}
chat '!think Hi' false | has '"reasoning_content":"The user says'
chat 'Hi you' true >"$WORK/stream"
has '"delta":{"content":"you"}' <"$WORK/stream"
has '"finish_reason":"stop"' <"$WORK/stream"
has '"choices":[],"usage"' <"$WORK/stream"
has 'data: [DONE]' <"$WORK/stream"
chat '!call f {}' true | has '"finish_reason":"tool_calls"'
server GET /v1/models | has qwen3:8b
server GET /v1/conversations | has 404
stop_server

start_server --new-ids
answer=$(start Hello)
id=$(echo "$answer" | id_of)
entry=$(echo "$answer" | sed 's/.*"id":"\(msg_[^"]*\)".*/\1/')
branch=$(post "/v1/conversations/$id/restart" \
	"{\"from_entry_id\":\"$entry\",\"inputs\":\"x\"}" | id_of)
server GET "/v1/conversations/$branch/history" | has_not "$entry"
exit 0
