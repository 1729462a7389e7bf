# SPDX-License-Identifier: MIT
# Chinese where the locale says so or --lang does.
LC_ALL=zh_CN.UTF-8 recur help | head -1
recur help --lang zh | head -1
LC_ALL= LC_MESSAGES=zh_CN.UTF-8 recur train 2>&1
LANG=zh_CN.UTF-8 recur help --lang en | head -1
recur train --lang zh --help | grep -c '[a-z]'  | sed 's/.*/some/'
for v in train generate classify eval inspect check bench completion help version; do
    recur help $v --lang zh | LC_ALL=C sed -n '/^  [ -][-a-z].*--[a-z]/{/[^ -~]/!p;}'
done
