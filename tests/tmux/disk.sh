#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The screen over a disk that fails, and a store that cannot be used: it says
# so, and what was typed is still there.

. "${srcdir:-.}/tmux/lib.sh"

SHIM=$builddir/shim/fail.so
STORE=$XDG_DATA_HOME/causerie/causerie.db
ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS
mkdir "$XDG_DATA_HOME/causerie"

# Files that are no store of this version: no screen, a sentence and 7.
refuses() { # NAME WORDS
	cksum <"$STORE" >"$WORK/sum"
	open_screen 100 24
	ends 7
	cp "$WORK/stderr" "$ERR"
	[ "$(wc -l <"$ERR")" -eq 1 ] && grep -q "^causerie: .*$2.*\.\$" "$ERR"
	report $? "$1: it says so"
	terminal_is alternate_on 0
	report $? '... on the terminal as it was'
	cksum <"$STORE" | cmp -s - "$WORK/sum"
	report $? '... and leaves the file as it was'
}
echo 'Dear diary, today I wrote no database.' >"$STORE"
refuses 'a letter' 'is no store of causerie'
rm "$STORE"
"$CAUSERIE" start --connection guide hello >"$OUT" 2>"$ERR"
cp "$STORE" "$WORK/good"
printf '\000\000\003\350' | dd of="$STORE" bs=1 seek=60 conv=notrunc 2>/dev/null
refuses 'a newer one' 'newer causerie'
head -c 50000 "$WORK/good" >"$STORE"
refuses 'half of one' 'damaged'
cp "$WORK/good" "$STORE"

# A disk that fails for a while.
start_server
for error in EIO ENOSPC; do
	LD_PRELOAD=$SHIM FAIL="change 1+ $error" FAIL_LOG=$WORK/calls "$CAUSERIE" list --local \
		>"$OUT" 2>"$ERR"
	if [ ! -s "$WORK/calls" ]; then
		skipped "a disk that fails ($error)" 'nothing can be preloaded'
		continue
	fi
	CAUSERIE_UNDER="env LD_PRELOAD=$SHIM FAIL_IF=$WORK/broken"
	FAIL="change 1+ $error"
	export FAIL
	start 100 24 --model mistral-small-latest
	send "before $error"
	sees "You said: before $error" 'all is well'
	: >"$WORK/broken"
	say "now it fails with $error"
	case $error in
	EIO) words='The disk failed the store' ;;
	*) words='There is no space left for the store' ;;
	esac
	sees "$words" 'a draft that cannot be kept is told'
	keys Enter
	sees "$words"
	sees "> now it fails with $error" '... and stays in the line when it cannot be sent'
	[ "$(server_count "now it fails with $error")" -eq 0 ]
	report $? '... as it is not'
	rm "$WORK/broken"
	keys Enter
	sees "You said: now it fails with $error" 'once the disk is well it goes out'
	[ "$(server_count "now it fails with $error")" -eq 1 ]
	report $? '... once'
	send "!hold one two three $error"
	wait_for server_is holding 1 || fail 'the server does not hold'
	: >"$WORK/broken"
	server_release
	sees "You said: one two three $error" 'an answer that cannot be kept is shown'
	sees "$words" '... and it is said'
	rm "$WORK/broken"
	quit
	unset FAIL
	CAUSERIE_UNDER=
	"$CAUSERIE" doctor >"$OUT" 2>"$ERR"
	grep -q 'is sound; its schema' "$OUT"
	report $? 'the store is whole'
	"$CAUSERIE" search three >"$OUT" 2>"$ERR"
	grep -q "\\[three\\] $error" "$OUT"
	report $? '... and has what was sent'
done

# A store that can only be read.
"$CAUSERIE" start 'from better days' >"$OUT" 2>"$ERR"
posts=$(server_count '"method":"POST"')
cat >"$WORK/shut" <<-'END'
	if [ "$(id -u)" -eq 0 ]; then
		mount --bind "$XDG_DATA_HOME" "$XDG_DATA_HOME" &&
			mount -o remount,bind,ro "$XDG_DATA_HOME" || exit 99
	else
		chmod a-w "$XDG_DATA_HOME" "$XDG_DATA_HOME"/* "$XDG_DATA_HOME"/*/*
	fi
	exec "$@"
END
if [ "$(id -u)" -eq 0 ]; then
	CAUSERIE_UNDER="unshare -m sh $WORK/shut"
else
	CAUSERIE_UNDER="sh $WORK/shut"
fi
if $CAUSERIE_UNDER true 2>"$ERR"; then
	start 100 24 --continue
	sees 'reading,' 'a store that can only be read is told at once'
	sees 'You said: from better days' '... and read'
	send 'in vain'
	sees '> in vain' 'what cannot be kept is not sent'
	[ "$(server_count '"method":"POST"')" -eq "$posts" ]
	report $? '... to nobody'
	keys C-u
	quit
else
	skipped 'a store that can only be read' "no mount: $(head -n 1 "$ERR")"
fi
chmod -R u+w "$XDG_DATA_HOME"
done_screens
