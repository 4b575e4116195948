#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The verbs with an OpenAI-compatible server.

. "${srcdir:-.}/tap.sh"
start_server --openai
unset MISTRAL_API_KEY MISTRAL_BASE_URL
profile <<P
connection: laptop
agent: local
connections:
  laptop:
    api: chat-completions
    base_url: $BASE_URL/v1
    api_key: null
agents:
  local: {connection: laptop, model: "qwen3:8b", instructions: Be brief.}
P

run 0 start --stream "Hello there"
out_is 'You said: Hello there'
check 'the instructions are the system message' sh -c "tail -n 1 '$WORK/requests' | grep -q '\"role\":\"system\",\"content\":\"Be brief.\"'"
run 0 append @ --stream "!think and more"
out_is 'You said: and more'
run 0 history @ --json
out_has '"type":"thinking"'
run 0 restart @ --from -3 --no-stream "another way"
out_is 'You said: another way'
run 0 tree @
out_has b2
run 0 start --json --stream hello
check 'events have the shape of the Conversations API' sh -c "tail -n 1 '$OUT' | grep -q '\"type\":\"conversation.response.done\".*total_tokens'"
run 0 models
run 4 start --stream '!cut 200'
run 1 start '!status 500'
run 2 start --tool web_search hello
err_has 'tool'
run 0 list
run 0 delete @
done_testing
