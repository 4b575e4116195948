#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Everything a person reads can be translated. The program runs in a language
# that has no ASCII letter left (see pseudo/pseudo.awk); whatever English then
# shows is not marked, or is a name that is the same in every language: of a
# verb, an option, a key, an action, a setting, a connection.

set -u

: "${srcdir:=.}" "${builddir:=.}" "${TMPDIR:=/tmp}"
program=$builddir/causerie-i18n
number=0
failed=0

for tool in xgettext msgen msgfmt; do
	command -v $tool >/dev/null || exit 77
done
"$srcdir/pseudo/catalogue" "$builddir" || exit 1

# The names, from the program's own tables as they are without a translation.
{
	LC_ALL=C "$program" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'
	LC_ALL=C "$program" --list-keys | cut -c 1-50
	cat "$srcdir/pseudo/names" "$srcdir/pseudo/wrong.yaml"
} | LC_ALL=C grep -oE '[A-Za-z]+' | sort -u >"$TMPDIR/names"

# The English words of a text: options and what stands behind "=" are names.
english() {
	LC_ALL=C sed 's/--[a-z][a-z-]*\(=[A-Za-z|]*\)*//g' |
		LC_ALL=C grep -oE '[A-Za-z][A-Za-z]+' | sort -u | LC_ALL=C comm -23 - "$TMPDIR/names"
}

# expect WHAT: the file $TMPDIR/text holds something, and no English.
expect() {
	number=$((number + 1))
	# Paths and the terminal's name are names as well.
	sed "s|${TMPDIR}[^ ]*||g; s|${HOME}[^ ]*||g; s|${srcdir}[^ ]*||g; s|${TERM}||g" "$TMPDIR/text" |
		english >"$TMPDIR/english"
	if [ ! -s "$TMPDIR/text" ]; then
		echo "not ok $number - $1 (nothing was printed)"
	elif [ -s "$TMPDIR/english" ]; then
		echo "not ok $number - $1 (not translated: $(tr '\n' ' ' <"$TMPDIR/english"))"
		sed 's/^/# /' "$TMPDIR/text"
	else
		echo "ok $number - $1"
		return
	fi
	failed=1
}

# printed WHAT ARGUMENT...: the same of what the program prints with these.
printed() {
	what=$1
	shift
	LANGUAGE=en@pseudo "$program" "$@" >"$TMPDIR/text" 2>&1 </dev/null
	expect "$what"
}

on_tmux() {
	tmux -S "$TMPDIR/tmux" -f /dev/null "$@"
}

# Waits until the screen is another one than before and has come to rest.
settle() {
	cp "$TMPDIR/text" "$TMPDIR/before"
	tries=0
	while [ "$tries" -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
		cp "$TMPDIR/text" "$TMPDIR/last"
		on_tmux capture-pane -p >"$TMPDIR/text"
		if grep -q '[^ ]' "$TMPDIR/text" && cmp -s "$TMPDIR/text" "$TMPDIR/last" &&
			! cmp -s "$TMPDIR/text" "$TMPDIR/before"; then
			return
		fi
	done
	echo "# the screen did not change"
	: >"$TMPDIR/text"
}

# shown WHAT KEY...: the same of the screen after these keys, each of which changes it.
shown() {
	what=$1
	shift
	for key; do
		on_tmux send-keys "$key"
		settle
	done
	expect "$what"
}

# The pseudo-language itself must work, or nothing below means anything.
if LANGUAGE=en@pseudo "$program" --help | LC_ALL=C grep -q '^Usage'; then
	echo "not ok 1 - the translation is not used"
	exit 1
fi

# result WHAT: of the command before it.
result() {
	if [ $? = 0 ]; then word=ok; else word='not ok' failed=1; fi
	number=$((number + 1))
	echo "$word $number - $1"
}

# french PROGRAM: whether it speaks French, or at least no English, when it is asked to.
french() {
	LC_ALL=C "$1" --help >"$TMPDIR/english"
	LANGUAGE=fr "$1" --help >"$TMPDIR/text"
	grep -q '^Usage: causerie' "$TMPDIR/english" && [ -s "$TMPDIR/text" ] &&
		! grep -q '^Usage: causerie' "$TMPDIR/text"
}

# Run from where it was built the program finds the catalogues made there, and
# nowhere else does it take what lies about.
made=$builddir/../po/locale
if [ -d "$made/fr" ]; then
	french "$CAUSERIE"
	result "in the build folder"
	(cd "$builddir/../src" && french ./causerie)
	result "in the folder itself"
	mkdir -p "$TMPDIR/tree/src" "$TMPDIR/tree/bin" "$TMPDIR/bare/src" "$TMPDIR/tree/po"
	cp -R "$made" "$TMPDIR/tree/po/"
	cp "$CAUSERIE" "$TMPDIR/tree/bin/causerie"
	cp "$CAUSERIE" "$TMPDIR/bare/src/causerie"
	ln -s "$CAUSERIE" "$TMPDIR/bare/link"
	french "$TMPDIR/bare/link"
	result "by a link from elsewhere"
	! french "$TMPDIR/tree/bin/causerie"
	result "not where an installed one would lie"
	! french "$TMPDIR/bare/src/causerie"
	result "not where there are none"
	printf 'language: fr\nconnection: nowhere\n' >"$TMPDIR/french.yaml"
	"$CAUSERIE" --profile "$TMPDIR/french.yaml" list >"$TMPDIR/text" 2>&1
	printf 'connection: nowhere\n' >"$TMPDIR/french.yaml"
	"$CAUSERIE" --profile "$TMPDIR/french.yaml" list >"$TMPDIR/before" 2>&1
	[ -s "$TMPDIR/text" ] && ! cmp -s "$TMPDIR/text" "$TMPDIR/before"
	result "by the language of the profile"
fi

printed "--help" --help
for verb in $(LC_ALL=C "$program" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	printed "$verb --help" "$verb" --help
done
printed "--list-keys" --list-keys
printed "an unknown verb" xyzzy
printed "an unknown option" --xyzzy
printed "an option without its value" --profile
printed "a missing argument" append
printed "an empty input" start ""
printed "an unknown conversation" get conv_0123456789
printed "an unknown connection" --connection xyzzy list
printed "a wrong profile" --profile "$srcdir/pseudo/wrong.yaml" list
printed "doctor" doctor

if command -v tmux >/dev/null; then
	: >"$TMPDIR/text"
	on_tmux new-session -d -x 100 -y 40 \
		"LANGUAGE=en@pseudo exec '$program' --connection guide"
	trap 'on_tmux kill-server 2>/dev/null' EXIT
	settle
	expect "the first screen"
	shown "help" F1
	shown "help, further down" PageDown
	shown "the tree" Escape F3
	shown "the picker of agents" Escape F4
	shown "the palette" Escape C-p
	on_tmux resize-window -x 40 -y 12
	settle
	expect "a narrow screen"
	on_tmux resize-window -x 12 -y 4
	settle
	expect "a screen too small"
fi

echo "1..$number"
exit $failed
