#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Imports: ChatGPT's file, plain messages, files that grew, files that are broken.

. "${srcdir:-.}/tap.sh"
files=$srcdir/import

fresh_store() {
	rm -rf "$XDG_DATA_HOME/causerie"
}

entries() { # NUMBER: so many entries are kept here
	"$CAUSERIE" doctor >"$OUT" 2>"$ERR"
	grep -q "It holds $1 entr" "$OUT"
}

# ChatGPT: branches are branches.
run 0 import "$files/chatgpt.json"
err_has 'Imported 2 conversations, 13 entries; 0 were here already'
check 'standard output is left alone' test ! -s "$OUT"
run 0 search Rayleigh
out_has 'conv_bbb00000000040008000000000000001'
out_has 'Blue sky'
run 0 tree conv_bbb00000000040008000000000000001
out_has 'main .*Why is the sky blue'
out_has 'Why is the sky red'
[ "$(grep -c '' "$OUT")" -eq 4 ]
report $? '... in three branches'
run 0 export conv_bbb00000000040008000000000000001 --tree
out_has '^# Blue sky$'
out_has 'Because of \*Rayleigh\* scattering'
out_has '^### [0-9]* · o3 · 2023-11-14'
out_has '^> Blue scatters more'
out_has 'image_asset_pointer: sunset.png'
out_has 'print(2+2)'
out_has '"result": "4"'
out_lacks 'SECRET PROFILE'
out_lacks 'Thought for'
run 0 export conv_bbb00000000040008000000000000002
out_has 'You are a pirate'
run 0 history conv_bbb00000000040008000000000000002
out_has 'Ahoy!'
run 0 list --local --connection guide
out_has 'Pirate'
run 0 history @
out_has 'A sunset, and 4'

# Once more, and grown.
run 0 import "$files/chatgpt.json"
err_has 'Imported 0 conversations, 0 entries; 2 were here already'
run 0 import "$files/chatgpt-grown.json"
err_has 'Imported 1 conversation, 2 entries; 1 was here already'
run 0 import "$files/chatgpt-grown.json"
err_has 'Imported 0 conversations, 0 entries'
run 0 history @
out_has 'A third answer'
check 'nothing is there twice' entries 15
fresh_store
run 0 import "$files/chatgpt-grown.json"
err_has 'Imported 2 conversations, 15 entries'

# Plain messages, a line each.
fresh_store
run 0 import "$files/messages.jsonl"
err_has 'Imported 1 conversation, 6 entries'
run 0 export @
out_has 'Be brief\.'
out_has '^## some-model · 2026-01-02 03:04 UTC$\|^## some-model · '
out_has 'https://example.org/a.png'
out_has '^## Function call'
out_has '21 degrees'
run 0 import "$files/messages.jsonl"
err_has '1 was here already'
run 0 import "$files/messages-grown.jsonl"
err_has 'Imported 1 conversation, 2 entries'
run 0 tree @
[ "$(grep -c '' "$OUT")" -eq 1 ]
report $? 'it grew at its end'

# Who went on here keeps that; what the file has more becomes a branch, once.
fresh_store
run 0 import "$files/messages.jsonl"
run 0 append @ --no-stream 'how do I quit?'
run 0 import "$files/messages-grown.jsonl"
err_has 'Imported 1 conversation, 2 entries'
run 0 tree @
out_has 'how do I quit'
out_has 'b2 .*Thanks'
run 0 import "$files/messages-grown.jsonl"
err_has 'Imported 0 conversations, 0 entries; 1 was here already'

# Other forms, and standard input.
run 0 import "$files/messages.json"
err_has 'Imported 1 conversation, 2 entries'
run 0 import "$files/requests.jsonl" --json
out_is '{"object":"causerie.import","conversations":2,"branches":2,"entries":4,"known":0}'
printf '\357\273\277{"role":"user","content":"by a pipe"}' |
	"$CAUSERIE" import - >"$OUT" 2>"$ERR"
err_has 'Imported 1 conversation, 1 entry'
run 0 delete @
run 0 import "$files/messages.json"
err_has '1 was here already'

# One that was deleted here comes back.
fresh_store
run 0 import "$files/messages.json"
run 0 delete @
check 'it is gone' entries 0
run 0 import "$files/messages.json"
err_has 'Imported 1 conversation, 2 entries'
check 'it is here' entries 2

# Broken: one sentence with the line, and nothing of the file is kept.
fresh_store
for file in "$files"/broken-*; do
	run 1 import "$file"
	one_sentence
	err_has "$(basename "$file"): Line [0-9]*, byte [0-9]*: .*Nothing was imported"
done
run 1 import "$files/broken-line.jsonl"
err_has 'Line 3, byte 26: '
check 'nothing was kept of them' entries 0
run 1 import - </dev/null
err_has 'no conversation in standard input'
run 1 import /nowhere/at/all
run 1 import "$files"
run 2 import
err_has 'Which file'
run 2 import a b

# Where they live: where an engine answers.
start_server --openai
unset MISTRAL_API_KEY MISTRAL_BASE_URL
profile <<P
connection: mistral
connections:
  laptop:
    api: chat-completions
    base_url: $BASE_URL/v1
    api_key: null
P
fresh_store
run 2 import "$files/messages.json" --connection mistral
err_has 'live on its server'
run 2 import "$files/messages.json" --connection nowhere
run 0 import "$files/messages.json" --model qwen3:8b
run 0 list --local --connection laptop
out_has 'An array'
run 0 append @ --no-stream 'and further'
out_is 'You said: and further'
check 'what was imported goes along' sh -c "tail -n 1 '$WORK/requests' | grep -q 'An array.*of messages.*and further'"
done_testing
