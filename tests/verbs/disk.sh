#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Disks that fail, are full or cannot be written, and files that are no store of
# this version: one sentence, status 7, and what was there stays as it was.
#
#	CAUSERIE_FAULTS=all   each write and each sync fails once, with each
#	                      error; if not said, about every sixtieth

. "${srcdir:-.}/tap.sh"

SHIM=$builddir/shim/fail.so
STORE=$XDG_DATA_HOME/causerie/causerie.db
step=60
[ "${CAUSERIE_FAULTS:-}" != all ] || step=1
ASAN_OPTIONS=verify_asan_link_order=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS
start_server

fresh_store() {
	rm -rf "$XDG_DATA_HOME/causerie"
}

# says NAME REGEX COMMAND...: it ends with 7 and says so in one line.
says() {
	what=$1
	words=$2
	shift 2
	"$@" >"$OUT" 2>"$ERR" </dev/null
	got=$?
	[ "$got" -eq 7 ] && [ ! -s "$OUT" ] && [ "$(wc -l <"$ERR")" -eq 1 ] &&
		grep -q "^causerie: .*$words.*\.\$" "$ERR"
	report $? "$what: a sentence and 7 ($got)"
}

sound() {
	"$CAUSERIE" doctor >"$OUT" 2>"$ERR"
	grep -q 'is sound; its schema' "$OUT"
	report $? "$1"
}

sum() {
	cksum <"$STORE"
}

# Files that are not ours, in both kinds of use.

untouched() { # NAME REGEX
	sum >"$WORK/sum"
	says "$1" "$2" "$CAUSERIE" start hello
	says "$1, only read" "$2" "$CAUSERIE" history @ --local
	sum >"$WORK/sum2"
	cmp "$WORK/sum" "$WORK/sum2" >"$OUT" 2>"$ERR"
	report $? '... and left byte for byte as it was'
}

run 0 start 'some words to begin with'
run 0 append @ 'and some more'
cp "$STORE" "$WORK/good"
for cut in 1 99 4096 50000; do
	fresh_store
	mkdir "$XDG_DATA_HOME/causerie"
	head -c "$cut" "$WORK/good" >"$STORE"
	untouched "cut off behind $cut bytes" "$STORE"
done
fresh_store
mkdir "$XDG_DATA_HOME/causerie"
echo 'Dear diary, today I wrote no database.' >"$STORE"
untouched 'a letter' 'no store of causerie'
cp "$WORK/good" "$STORE"
# Its version, at byte 60 of the file, is that of the year 2100.
printf '\000\000\003\350' | dd of="$STORE" bs=1 seek=60 conv=notrunc 2>/dev/null
untouched 'a newer one' 'newer causerie'
cp "$WORK/good" "$STORE"
dd if=/dev/urandom of="$STORE" bs=4096 seek=3 count=2 conv=notrunc 2>/dev/null
untouched 'pages of chance in it' 'damaged'
[ "$(server_count 'hello')" -eq 0 ]
report $? 'nothing of all that went to the server'

# A large one is not looked through at the start; who comes to the damage hears of it.
if [ -x "$builddir/scale/generate" ]; then
	fresh_store
	mkdir "$XDG_DATA_HOME/causerie"
	"$builddir/scale/generate" --conversations 50 --entries 1200 --long 400 --turns 100 \
		--forks 4 "$STORE" >"$OUT" 2>"$ERR"
	pages=$(($(wc -c <"$STORE") / 4096))
	page=60
	while [ "$page" -lt "$pages" ]; do
		head -c 4096 /dev/zero | dd of="$STORE" bs=4096 seek="$page" conv=notrunc 2>/dev/null
		page=$((page + 2))
	done
	says 'zeros in a large one' 'damaged' "$CAUSERIE" history conv_long --local
	"$CAUSERIE" doctor >"$OUT" 2>"$ERR"
	grep -q 'store .*damaged' "$OUT"
	report $? 'doctor finds it'
fi

# Where only reading is possible.
fresh_store
run 0 start 'from better days'
posts=$(server_count '"method":"POST"')
cat >"$WORK/shut" <<-'END'
	if [ "$(id -u)" -eq 0 ]; then
		mount --bind "$XDG_DATA_HOME" "$XDG_DATA_HOME" &&
			mount -o remount,bind,ro "$XDG_DATA_HOME" || exit 99
	else
		chmod a-w "$XDG_DATA_HOME" "$XDG_DATA_HOME"/* "$XDG_DATA_HOME"/*/*
	fi
	"$@"
END
shut() {
	if [ "$(id -u)" -eq 0 ]; then
		unshare -m sh "$WORK/shut" "$@"
	else
		sh "$WORK/shut" "$@"
		got=$?
		chmod -R u+w "$XDG_DATA_HOME"
		return "$got"
	fi
}
if shut true 2>"$ERR"; then
	sum >"$WORK/sum"
	shut "$CAUSERIE" history @ --local >"$OUT" 2>"$ERR"
	grep -q 'from better days' "$OUT" && [ ! -s "$ERR" ]
	report $? 'a store that cannot be written can be read'
	says 'but nothing is said' 'only be opened for reading' shut "$CAUSERIE" start no
	sum >"$WORK/sum2"
	cmp "$WORK/sum" "$WORK/sum2" >"$OUT" 2>"$ERR"
	report $? '... and left as it was'
	fresh_store
	says 'a home that cannot be written' 'cannot be' shut "$CAUSERIE" start no
else
	skipped 'a home that cannot be written' "no mount: $(head -n 1 "$ERR")"
fi

# No room: a file system of its own, if we may make one; and a limit in any case.
full() { # COMMAND...: with KILOBYTES for the store, and FILL of them taken
	unshare -m sh -c 'mount -t tmpfs -o size="$KILOBYTES"k none "$XDG_DATA_HOME" || exit 99
		"$@"' full "$@"
}
cat >"$WORK/fill" <<-'END'
	"$CAUSERIE" start 'before it is full' >"$WORK/first" || exit 98
	cat /dev/zero >"$XDG_DATA_HOME/filler" 2>/dev/null
	"$CAUSERIE" start 'no room for this' >"$OUT" 2>"$ERR"
	echo $? >"$WORK/full"
	"$CAUSERIE" search before >"$WORK/still" 2>&1
	rm "$XDG_DATA_HOME/filler"
	"$CAUSERIE" search before >"$WORK/after" 2>&1
	"$CAUSERIE" start 'room again' >>"$WORK/after" 2>&1
	"$CAUSERIE" doctor >>"$WORK/after" 2>&1
END
fresh_store
KILOBYTES=2000
export KILOBYTES WORK OUT ERR
if full true 2>"$ERR"; then
	full sh "$WORK/fill" 2>"$WORK/filling"
	report $? 'a small disk is filled'
	grep -q '^causerie: There is no space left.*\.$\|only be opened for reading' "$ERR" &&
		[ "$(wc -l <"$ERR")" -eq 1 ] && [ "$(cat "$WORK/full")" -eq 7 ] && [ ! -s "$OUT" ]
	report $? "a full disk: a sentence and 7 ($(cat "$WORK/full"))"
	cp "$WORK/still" "$OUT"
	grep -q 'it is full' "$OUT"
	report $? '... and what is there can be read'
	[ "$(server_count 'no room for this')" -eq 0 ]
	report $? '... and nothing was sent'
	cp "$WORK/after" "$OUT"
	grep -q 'it is full' "$OUT" && grep -q 'You said: room again' "$OUT" &&
		grep -q 'is sound' "$OUT"
	report $? 'with room again all goes on, and nothing is missing'
else
	skipped 'a full disk' "no mount: $(head -n 1 "$ERR")"
fi
fresh_store
run 0 start 'within the limit'
cat >"$WORK/limited" <<-'END'
	trap '' XFSZ
	ulimit -f "$1"
	shift
	exec "$@"
END
head -c 60000 /dev/zero | tr '\0' 'x' >"$WORK/large"
sh "$WORK/limited" 120 "$CAUSERIE" start <"$WORK/large" >"$OUT" 2>"$ERR"
got=$?
[ "$got" -eq 7 ] && [ ! -s "$OUT" ] && [ "$(wc -l <"$ERR")" -eq 1 ]
report $? "a file that may not grow: a sentence and 7 ($got)"
[ "$(server_count xxxxxxxx)" -eq 0 ]
report $? '... and nothing was sent'
sound '... and the store is whole'

# Each write and each sync, once, and from then on.
fault() { # CALLS PLACE ERROR WORD
	FAIL="$1 $2 $3" FAIL_LOG=$WORK/calls LD_PRELOAD=$SHIM \
		"$CAUSERIE" start --no-stream "$4 in vain" >"$OUT" 2>"$ERR" </dev/null
}
fresh_store
"$CAUSERIE" start first >"$OUT" 2>"$ERR"
rm -f "$WORK/calls"
[ ! -f "$SHIM" ] || fault change 0 EIO none
if [ ! -s "$WORK/calls" ]; then
	skipped 'a disk that fails' 'nothing can be preloaded'
	done_testing
fi
calls=$(cat "$WORK/calls")
: >"$WORK/wrong"
: >"$WORK/tried"
for error in EIO ENOSPC EROFS; do
	for more in '' +; do
		place=1
		while [ "$place" -le "$calls" ]; do
			word=$(echo "f$place$error$more" | tr '+' 'p')
			fault change "$place$more" "$error" "$word"
			got=$?
			echo "$word" >>"$WORK/tried"
			case $got in
			0) [ ! -s "$ERR" ] ;;
			7) [ "$(wc -l <"$ERR")" -eq 1 ] && grep -q '^causerie: .*\.$' "$ERR" ;;
			*) false ;;
			esac || {
				echo "$word: $got"
				cat "$ERR"
			} >>"$WORK/wrong"
			place=$((place + step))
		done
	done
done
cp "$WORK/wrong" "$ERR"
: >"$OUT"
[ ! -s "$ERR" ]
report $? "each of $(wc -l <"$WORK/tried") faults at $calls places ends well or in one sentence"
: >"$OUT"
while read -r word; do
	sent=$(server_count "\"$word in vain")
	[ "$sent" -le 1 ] || echo "$word was sent $sent times"
	[ "$sent" -eq 0 ] || "$CAUSERIE" search "$word" | grep -q "$word" || echo "$word is lost"
done <"$WORK/tried" >"$OUT"
[ ! -s "$OUT" ]
report $? 'what was sent is in the store, and was sent once'
sound 'the store is whole'
done_testing
