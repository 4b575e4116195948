# SPDX-License-Identifier: GPL-3.0-or-later
#
# A translation into a language nobody speaks: each letter of each msgstr
# becomes two that look alike but are not ASCII. A text that is not marked for
# translation then stands out, and so does a place too narrow for long words.
# Reads a catalogue as msgen writes it.

BEGIN {
	split("á ƀ ç ð é ƒ ĝ ĥ í ĵ ķ ļ ɱ ñ ö þ ǫ ŕ š ţ ú ṽ ŵ ẋ ý ž", small, " ")
	split("Á Ɓ Ç Ð É Ƒ Ĝ Ĥ Í Ĵ Ķ Ļ Ṁ Ñ Ö Þ Ǫ Ŕ Š Ţ Ú Ṽ Ŵ Ẋ Ý Ž", large, " ")
	for (i = 1; i <= 26; i++) {
		letter[substr("abcdefghijklmnopqrstuvwxyz", i, 1)] = small[i] small[i]
		letter[substr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", i, 1)] = large[i] large[i]
	}
}

# What printf() replaces, and escapes, stay as they are.
function pseudo(text,    out, c)
{
	while (text != "") {
		if (match(text, /^%[-+ #0-9.*$']*(hh|h|ll|l|j|z|t)?[a-zA-Z%]/) ||
		    match(text, /^\\./)) {
			out = out substr(text, 1, RLENGTH)
			text = substr(text, RLENGTH + 1)
			continue
		}
		c = substr(text, 1, 1)
		out = out (c in letter ? letter[c] : c)
		text = substr(text, 2)
	}
	return out
}

/^msgid / { header = ($0 == "msgid \"\"") }
/^msgid "."/ { header = 0 }
/^"/ && last == "msgid" { header = 0 }
/^[a-z]/ { last = $1; sub(/\[.*/, "", last) }

last == "msgstr" && !header && /"/ {
	start = index($0, "\"")
	print substr($0, 1, start) pseudo(substr($0, start + 1, length($0) - start - 1)) "\""
	next
}
{ print }
