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
fails '!status 400' '400'
fails '!stall 3' 'Interrupted' 'silent for 2 seconds' 'You said'
fails '!cut 300' 'broke off in the middle'
fails '!nodone' 'Interrupted' 'You said'
fails '!drop' 'closed the connection'
fails '!204' 'nothing'
fails '!error' 'Interrupted'
keys C-n
sees_quietly 'Ask '
send '!status 429 2 !once hurry'
sees 'trying again in ' '429: a countdown'
sees 'You said: hurry' '... and then the answer'

keys C-n
sees_quietly 'Ask '
stop_server
send 'nobody there'
sees 'no server is listening there' 'a server that is down is told'
sees '✗ Not sent' '... and that nothing was sent'
sees 'nobody there'
quit
done_screens
