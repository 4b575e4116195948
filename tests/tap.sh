# SPDX-License-Identifier: GPL-3.0-or-later
#
# For test scripts that print TAP, on top of server/lib.sh.
#
#	run 5 start hello          causerie start hello ends with status 5;
#	                           $OUT and $ERR are files with what it printed
#	out_is 'text'              standard output is just that line
#	out_has REGEX, err_has REGEX, out_lacks REGEX, err_lacks REGEX
#	check NAME COMMAND...      anything else
#	done_testing               at the end

. "${srcdir:-.}/server/lib.sh"

OUT=$WORK/out
ERR=$WORK/err
tests=0
failures=0

report() { # STATUS NAME
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		failures=$((failures + 1))
		sed 's/^/# out: /' "$OUT" 2>/dev/null | head -n 40
		sed 's/^/# err: /' "$ERR" 2>/dev/null | head -n 40
	fi
}

run() {
	want=$1
	shift
	"$CAUSERIE" "$@" >"$OUT" 2>"$ERR" </dev/null
	got=$?
	[ "$got" -eq "$want" ]
	report $? "causerie $* ends with $want (got $got)"
}

check() {
	name=$1
	shift
	"$@" >/dev/null 2>&1
	report $? "$name"
}

out_is() {
	[ "$(cat "$OUT")" = "$1" ]
	report $? "... prints just \"$1\""
}

out_has() {
	grep -qe "$1" "$OUT"
	report $? "... prints $1"
}

out_lacks() {
	! grep -qe "$1" "$OUT"
	report $? "... does not print $1"
}

err_has() {
	grep -qe "$1" "$ERR"
	report $? "... says $1"
}

err_lacks() {
	! grep -qe "$1" "$ERR"
	report $? "... does not say $1"
}

# Standard error is one line that begins with "causerie: ", or nothing.
one_sentence() {
	[ "$(wc -l <"$ERR")" -eq 1 ] && grep -q '^causerie: .*[.)]$' "$ERR"
	report $? "... says it in one line"
}

# skipped NAME REASON: a line of TAP for what cannot be tried here.
skipped() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

done_testing() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
	exit
}
