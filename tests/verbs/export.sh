#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Exports: what they say, that nothing in them breaks their form, and that a
# JSON export imported elsewhere is the very same tree.

. "${srcdir:-.}/tap.sh"
start_server

lacks_file() { # REGEX FILE
	! grep -qe "$1" "$2"
}

# A tree with everything the API has in it.
run 0 start --no-stream --instructions "$(printf 'Be \033[31mbrief.')" '!think first # words'
id=$("$CAUSERIE" list --local | sed -n '1s/ .*//p')
for words in '!tool find it' '!code compute' '!file draw' '!handoff' '!unknown' '!hostile' '!markdown'; do
	run 0 append "$id" --no-stream "$words"
done
run 0 restart "$id" --from -3 --no-stream 'another <b>way</b>
```
left open'
run 0 append "$id" --no-stream '!call weather {"city":"Paris ``` </details>"}'
run 0 restart "$id" --from -5 --no-stream 'a third'
branch=$("$CAUSERIE" list --local | sed -n '1s/ .*//p')

# Of one branch, and of the tree.
run 0 export "$branch"
out_has '^# !think first \\# words$'
out_has '^Be ^\[\[31mbrief\.$'
out_has '^## You · 20'
out_has 'a third'
out_has '^> \*\*Thinking\*\*$'
out_has '^1\. \['
out_has '^- File: '
out_lacks 'another'
cp "$OUT" "$WORK/branch.md"
run 0 export "$branch" --tree
out_has '^## Branch main$'
out_has '^## Branch b2$'
out_has '^Branches from main behind entry [0-9]*: '
out_has '^\*Branches from here: b2'
out_has '^another \\<b>way\\</b>$'
[ "$(grep -c '^a third$' "$OUT")" -eq 1 ]
report $? 'each branch is there once'
[ "$(grep -c '^#[^#]' "$OUT")" -eq 1 ]
report $? 'no heading of an answer is one of the document'
check 'no control character is left' sh -c "! LC_ALL=C grep -q '[[:cntrl:]]' '$WORK/branch.md'"
out_lacks "$(printf '\033')"

run 0 export "$branch" --format html --tree
cp "$OUT" "$WORK/tree.html"
out_has '^<!DOCTYPE html>$'
out_has 'prefers-color-scheme:dark'
out_has '<details><summary>Thinking</summary>'
out_has '<section id="b2">'
out_has 'another &lt;b&gt;way&lt;/b&gt;'
check 'it runs nothing' lacks_file '<script\|javascript:\|onerror=' "$WORK/tree.html"
check 'it loads nothing' lacks_file 'src="h\|<link\|@import\|url(' "$WORK/tree.html"
out_lacks "$(printf '\033')"
if command -v python3 >"$WORK/null"; then
	check 'its tags are in pairs' python3 - "$WORK/tree.html" <<'P'
import sys
from html.parser import HTMLParser
class Pairs(HTMLParser):
	open = []
	def handle_starttag(self, tag, attrs):
		if tag not in ("meta", "hr", "br", "img"): self.open.append(tag)
	def handle_endtag(self, tag):
		assert self.open.pop() == tag, tag
p = Pairs(); p.feed(open(sys.argv[1]).read()); assert not p.open
P
fi

run 0 export "$branch" --format dot --tree
out_has '^digraph conversation {$'
out_has 'style=bold, label="b2"'
out_has '^}$'

# JSON: there and back again.
run 0 export "$branch" --format json --tree
out_has '^{"causerie_export":1,'
cp "$OUT" "$WORK/tree.json"
run 0 export "$branch" --json --tree
check '--json is --format json' cmp "$OUT" "$WORK/tree.json"
run 0 export "$branch" --format json
cp "$OUT" "$WORK/branch.json"
check 'the JSON has control characters as escapes' \
	sh -c "grep -q 'u001b' '$WORK/tree.json' && ! LC_ALL=C grep -q '[[:cntrl:]]' '$WORK/tree.json'"

XDG_DATA_HOME=$WORK/elsewhere
export XDG_DATA_HOME
run 0 import "$WORK/branch.json"
run 0 export "$branch" --format json
check 'a branch comes back as it was' cmp "$OUT" "$WORK/branch.json"
run 0 import "$WORK/tree.json"
err_has 'Imported 1 conversation'
run 0 import "$WORK/tree.json"
err_has 'Imported 0 conversations, 0 entries; 1 was here already'
XDG_DATA_HOME=$WORK/third
run 0 import "$WORK/tree.json"
run 0 export "$branch" --format json --tree
check 'a tree comes back as it was' cmp "$OUT" "$WORK/tree.json"
run 0 export "$branch" --format html --tree
check 'and looks the same' cmp "$OUT" "$WORK/tree.html"
run 0 append "$branch" --no-stream 'from the other machine'
out_is 'You said: from the other machine'

# What the server calls by another name since is the same all the same.
run 0 history "$branch"
run 0 export "$branch" --format json --tree
cp "$OUT" "$WORK/renamed.json"
XDG_DATA_HOME=$WORK/fifth
run 0 import "$WORK/tree.json"
run 0 import "$WORK/renamed.json"
err_has 'Imported 1 conversation, 2 entries'
run 0 import "$WORK/renamed.json"
err_has 'Imported 0 conversations, 0 entries'
run 0 import "$WORK/tree.json"
err_has 'Imported 0 conversations, 0 entries'
XDG_DATA_HOME=$WORK/third

# What was said here since, and what is in a file, are both kept.
run 0 import "$WORK/tree.json"
err_has '1 was here already'
run 0 history "$branch" --local
out_has 'from the other machine'

# What never reached the server.
run 5 start --no-stream '!status 401 kept words'
run 0 export @
out_has '^\*Not sent\. '
run 0 export @ --format json
out_has '"causerie_state":"unsent"'
out_has '"own_id":true'
cp "$OUT" "$WORK/unsent.json"
XDG_DATA_HOME=$WORK/fourth
"$CAUSERIE" import - <"$WORK/unsent.json" 2>"$ERR"
err_has '1 conversation'
run 0 export @ --format json
check 'what was not sent comes back as that' cmp "$OUT" "$WORK/unsent.json"

# No key.
run 0 start --no-stream --tool web_search 'with a tool'
for format in markdown html json dot; do
	run 0 export @ --format $format --tree
	out_lacks "$MISTRAL_API_KEY"
done

run 2 export
run 2 export nothing
err_has 'nothing to export'
run 2 export @ --format pdf
err_has 'markdown, json, html or dot'
one_sentence
done_testing
