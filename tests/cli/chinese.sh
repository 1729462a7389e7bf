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
# the library's messages too: what is wrong, what was chosen, what the baseline is called
recur train lm none.txt -o x.recur --lang zh 2>&1 | grep -o '无法打开'
recur train lm none.txt -o x.recur --lr 1e9 --lang zh 2>&1
recur train classify $SHARE/sentiment.tsv --net 'embed 4 | lsmt' -o x.recur --lang zh 2>&1 | grep -oE '数据：[0-9]+ 个样本|没有名为 .lsmt. 的层'
recur eval $CLS $SHARE/sentiment.test.tsv --lang zh | grep -o '网络.*基线（词与字的 n 元线性模型）'
