# SPDX-License-Identifier: MIT
# What cannot be written must not look like success: a full disk, a closed stream, a reader that went away.
[ -w /dev/full ] || exit 77
printf 'a fine day\n' >in
echo "$SHARE" >/dev/null
for v in "help" "version" "inspect $LM" "classify $CLS in" "generate $LM --length 20" "check lm $SHARE/stories.txt" "help --man train"; do
    set -- $v
    recur "$@" >/dev/full 2>err; a=$?
    recur "$@" >&- 2>>err; b=$?
    grep -q 'standard output' err && c=said
    echo "$1: $a $b $c"
done
recur generate $LM --length 200000 2>err | head -c 10 >/dev/null
echo "reader gone: $(wc -c <err) bytes of complaint"
