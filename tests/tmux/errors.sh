#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What goes wrong is said in a sentence, and nothing is lost.

. "${srcdir:-.}/tmux/lib.sh"

start_server
printf 'connections: {mistral: {api: conversations, timeout: {stall: 2}}}\n' | profile
start 100 30 --model mistral-small-latest

# fails DIRECTIVES TEXT...: a new conversation in which this happens.
fails() {
	keys C-n
	sees_quietly 'Ask '
	send "$1 keep me"
	shift
	for text in "$@"; do
		sees "$text"
	done
	sees 'keep me' '... and the words are there'
	screen_lacks '{"'
	report_screen $? '... without raw JSON'
}

fails '!status 401' 'key'
fails '!status 500' '500'
fails '!html' 'web page'
fails '!status 400' '(400)'
[ "$(screen | grep -cF '(400)')" -eq 1 ]
report_screen $? '... and it is told once'
resize 20 5
keys C-n
sees_quietly 'Ask '
send '!status 400 small'
sees '✗ Not sent.' 'in two rows it is the beginning that is shown'
resize 100 30
fails '!stall 3' 'Interrupted' 'was silent for 2' 'You said'
fails '!cut 300' 'broke off in the middle'
fails '!nodone' 'Interrupted' 'You said'
fails '!drop' 'it may have received the request'
fails '!204' 'nothing'
fails '!error' 'Interrupted'
keys C-n
sees_quietly 'Ask '
send '!status 429 2 !once hurry'
sees 'trying again in ' '429: a countdown'
sees 'Rate limit' '... and why'
sees 'You said: hurry' '... and then the answer'
lacks 'Rate limit' '... without the trouble before it'

keys C-n
sees_quietly 'Ask '
stop_server
send 'nobody there'
sees 'no server is listening there' 'a server that is down is told'
sees '✗ Not sent' '... and that nothing was sent'
sees 'nobody there'
quit
done_screens
