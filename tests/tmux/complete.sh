#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Tab completes what is typed: actions by name, and files.

. "${srcdir:-.}/tmux/lib.sh"

mkdir "$WORK/files" "$WORK/files/folder"
(
	cd "$WORK/files" || exit 1
	: >'a file'
	: >"$(printf 'raw \033]0;title\007')"
	: >"$(printf 'sneaky \342\200\256 txt.exe')"
	: >sneaky2
	for n in 1 2 3 4 5 6 7 8 9; do
		: >"long-name-to-fill-the-row-$n"
	done
) || fail 'no files'
cd "$WORK/files" || fail 'no folder'

start 80 24
say '/tre'
keys Tab
sees '> /tree' 'an action is completed'
say 'x'
keys Tab
sees 'No action begins with /treex.'
keys C-u
say '/sto'
keys Tab
sees '> /stop'
sees 'stop  stop-and-send' 'several are shown'
keys C-u
say 'see @a'
keys Tab
sees '> see @"a file"' 'a file with a blank is put in quotes'
say '@fo'
keys Tab
sees '@folder/' 'a folder goes on'
lacks 'stop  stop-and-send' 'what was said before goes'
keys C-u
say '@long'
keys Tab
sees '> @long-name-to-fill-the-row-' 'what they share is completed'
sees '(9 in all)' 'more than fits is counted'
keys C-u
say '@sneaky'
keys Tab
sees 'sneaky <U+202E> txt.exe  sneaky2' 'names are shown as they are'
keys C-u
say '@raw'
keys Tab
sees 'begins with raw' 'one that cannot be typed is not found'
keys C-u
say 'word'
keys Tab
sees '> word' 'elsewhere the key does nothing'
say '!'
sees '> word!'
keys C-u
quit
done_screens
