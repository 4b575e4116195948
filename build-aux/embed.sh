#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# embed.sh DATA OUTPUT
#
# Writes the C file OUTPUT with the files of the folder DATA that the program
# carries inside itself (see src/base/resource.h). Leaves an OUTPUT alone that
# is newer than all of them; a name that came or went changes its folder's date.

set -eu
LC_ALL=C
export LC_ALL

data=$1
output=$2

newer() {
	[ ! -f "$output" ] ||
		[ -n "$(find "$0" "$data" ! -name '.*' -newer "$output" -print)" ]
}
newer || exit 0

# Sorted by bytes, as the table must be. An editor's backup is not one of them.
names=$(
	cd "$data"
	for file in causerie.1.in guide/*.md profile.yaml schema/*.sql; do
		case $file in
		*~) ;;
		*) [ ! -f "$file" ] || printf '%s\n' "$file" ;;
		esac
	done | sort
)

# Numbers in, lines of a C string out. Three octal digits leave no doubt where
# an escape ends; a question mark could begin a trigraph.
to_c() {
	od -An -v -tu1 | awk '
	BEGIN {
		for (i = 0; i < 256; i++)
			escape[i] = sprintf("\\%03o", i)
		for (i = 32; i < 127; i++)
			escape[i] = sprintf("%c", i)
		escape[34] = "\\\""
		escape[63] = "\\?"
		escape[92] = "\\\\"
		escape[10] = "\\n"
	}
	{
		for (i = 1; i <= NF; i++) {
			line = line escape[$i]
			if ($i == 10 || length(line) > 80) {
				print "\t\"" line "\""
				line = ""
			}
		}
	}
	END { print "\t\"" line "\"" }'
}

trap 'rm -f "$output.tmp"' EXIT
trap 'exit 1' HUP INT TERM
{
	printf '%s\n' '/* Made by build-aux/embed.sh from the files of data/. */' \
		'#include "config.h"' '' '#include "base/resource.h"'
	number=0
	for name in $names; do
		printf '\nstatic const char file_%d[] =\n' "$number"
		to_c <"$data/$name"
		printf '\t;\n'
		number=$((number + 1))
	done
	printf '\nconst struct resource resources[] = {\n'
	number=0
	for name in $names; do
		printf '\t{"%s", file_%d, sizeof(file_%d) - 1},\n' "$name" "$number" "$number"
		number=$((number + 1))
	done
	printf '};\n\nconst size_t resource_count = sizeof(resources) / sizeof(resources[0]);\n'
} >"$output.tmp"
mv -f "$output.tmp" "$output"
