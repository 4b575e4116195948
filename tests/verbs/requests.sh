#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every request the verbs make, held against Mistral's OpenAPI document; skipped
# where that document or the tools to read it are not at hand.

. "${srcdir:-.}/server/lib.sh"

openapi=${MISTRAL_OPENAPI:-}
for place in "$srcdir/../../shared/api/openapi.yaml" "$srcdir/openapi.yaml"; do
	[ -n "$openapi" ] || [ ! -f "$place" ] || openapi=$place
done
[ -n "$openapi" ] || skip 'no OpenAPI document (set MISTRAL_OPENAPI)'
command -v python3 >/dev/null || skip 'no python3'

start_server
sent() { causerie "$@" >>"$WORK/out" 2>&1 </dev/null || fail "causerie $*: $(tail -n 3 "$WORK/out")"; }

for stream in --stream --no-stream; do
	sent start $stream hello
	sent append @ $stream again
	sent append @ $stream --completion-arg temperature=0.5 --handoff-execution server more
	sent restart @ --from -2 $stream elsewhere
	sent restart @ --from -1 $stream --metadata a=1 --completion-arg max_tokens=10 on
	sent start $stream --model mistral-small-latest --instructions i --name n --description d \
		--tool web_search --tool code_interpreter --metadata k='{"x":[1]}' \
		--completion-arg 'response_format={"type":"json_object"}' all
	sent start $stream --agent ag_019a0000000070008000000000000010 --agent-version 1 \
		--handoff-execution client hello
	sent start $stream --no-store hello
	sent start $stream '!tool !think x'
	sent append @ $stream again
done
sent get @
sent history @
sent messages @
sent list --page 1 --page-size 5 --metadata k=v
sent agents
sent models
sent delete @
stop_server
python3 "$srcdir/server/validate.py" "$WORK/requests" "$openapi"
