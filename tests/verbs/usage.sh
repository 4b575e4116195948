#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is wrong on the command line or in the profile is said, and loses nothing.

. "${srcdir:-.}/tap.sh"

run 0 --help
out_has 'restart CONVERSATION --from ENTRY'
run 0 --version
out_has '^causerie [0-9]'
run 0 restart --help
out_has -- '--from ENTRY'
run 0 --help restart
out_has -- '--from ENTRY'
run 0 --list-keys
out_has 'C-x b'

run 2 strat
err_has 'Did you mean "start"'
one_sentence
run 2 --jsno list
err_has 'Did you mean --json'
run 2 append @ hello
err_has 'no conversation yet'
run 2 start
err_has 'nothing to send'
run 2 start ''
run 2 start - 
run 2 append
err_has 'Which conversation'
run 2 restart nothing hello
err_has 'From which entry'
run 2 append x --tool web_search hello
err_has 'append does not take --tool'
run 2 append x --metadata a=b hello
run 2 append x --instructions y hello
run 2 restart x --tool web_search --from y hello
run 2 start --from x hello
run 2 start --metadata novalue hello
err_has 'KEY=VALUE'
run 2 start --handoff-execution maybe hello
run 2 start --tool hammer hello
run 2 start --stream --no-stream hello
run 2 start --attach file hello
err_has 'not in this version'
run 2 export @
err_has 'no conversation yet'
run 2 export @ --format pdf
run 1 import file
err_has 'cannot be read'
run 2 list --page minus
run 2 list --page-size 0
run 2 list words
run 2 search
run 2 start --agent a --model b hello
run 2 --connection nowhere list
run 2 start -x hello
run 0 start --no-stream -- -x is text

# Without a terminal there is no screen.
run 2
err_has 'terminal'
one_sentence

printf 'conection: guide\nsettings:\n  list_width: wide\n' | profile
run 3 list
err_has 'profile.yaml:1:1: '
err_has 'connection'
err_has 'profile.yaml:3:15: '
run 3 doctor
out_has '^bad.*profile'
rm "$XDG_CONFIG_HOME/causerie/profile.yaml"
run 3 --profile "$WORK/none.yaml" list
printf 'keys:\n  global: {F5: "dance"}\n' | profile
"$CAUSERIE" --list-keys >"$OUT" 2>"$ERR"
check 'an unknown action is status 3' test $? -eq 3
err_has 'profile.yaml:2:'
rm "$XDG_CONFIG_HOME/causerie/profile.yaml"

printf 'not a database' >"$XDG_DATA_HOME/causerie/causerie.db"
run 7 list
err_has 'causerie.db'
check 'it is left as it was' test "$(cat "$XDG_DATA_HOME/causerie/causerie.db")" = 'not a database'
rm "$XDG_DATA_HOME/causerie/causerie.db"*

"$CAUSERIE" start --no-stream hello >/dev/full 2>"$ERR" </dev/null
check 'a full standard output is an error' test $? -ne 0
for option in --help --version --manual --list-keys 'start --help' list; do
	"$CAUSERIE" $option >/dev/full 2>"$ERR" </dev/null
	check "so it is with $option" test $? -eq 1
	err_has 'Standard output cannot be written'
	one_sentence
done
"$CAUSERIE" start --no-stream hello 2>"$ERR" </dev/null | :
check 'a closed one is not a crash' sh -c "! grep -qi 'signal\|sanitizer' '$ERR'"

# A closed descriptor is not taken for the store's or the loop's.
"$CAUSERIE" start --no-stream hello >&- 2>"$ERR" </dev/null
check 'a closed standard output is an error' test $? -eq 1
"$CAUSERIE" start >"$OUT" 2>"$ERR" <&-
check 'a closed standard input is an empty one' test $? -eq 2
"$CAUSERIE" start --no-stream 'closed all round' >&- 2>&- <&-
run 0 history @
out_has 'closed all round'

done_testing
