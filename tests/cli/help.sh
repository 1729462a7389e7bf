# SPDX-License-Identifier: MIT
# Every verb explains itself on stdout, and says the same as `help VERB`; the manual pages are sound roff.
for v in $(recur help | sed -n 's/^  recur \([a-z]*\).*/\1/p'); do
    recur $v --help >a 2>e || echo "$v --help: exit $?"
    recur help $v >b
    cmp -s a b || echo "$v: --help and help differ"
    [ -s e ] && echo "$v --help writes to stderr"
    grep -q "usage: recur $v" a || echo "$v: no usage"
    recur help --man $v >page
    grep -q '^\.TH' page || echo "$v: no title"
    if command -v man >/dev/null && man --version >/dev/null 2>&1; then
        man --warnings -l page 2>w >/dev/null
        [ -s w ] && { echo "$v: man warns"; cat w; }
    fi
done
[ -f "$SHARE/../cli/list.h" ] && [ $(recur help | grep -c '^  recur ') = $(grep -c '^X(' "$SHARE/../cli/list.h") ] && echo all
recur --help >a && recur help >b && cmp a b && echo same
recur >a 2>e
echo "no verb: $?"
recur help net >n; echo "net: $?"
for w in $(cd "$SHARE/../src" && sed -n 's/^X(\(.*\))$/\1/p' layer/list.h cell/list.h head/list.h | grep -vx recur); do grep -q "^  $w " n || echo "help net does not know $w"; done
recur help net --json | grep -c '"cell_keys":\[{'
recur help net --lang zh | grep -c '激活函数'
