# SPDX-License-Identifier: MIT
# Tables in, tables out: times and names go on, quantiles get columns, what is wrong is named.
command -v python3 >/dev/null || exit 77
quick='--epochs 1 -q --force'
recur train forecast $SHARE/load.csv --columns load --input 48 --horizon 24 $quick -o load.recur || exit 1
recur forecast load.recur $SHARE/load.csv >next.csv
head -1 next.csv
wc -l <next.csv
sed -n 2p next.csv | cut -d, -f1
recur forecast load.recur <$SHARE/load.csv | cmp - next.csv
gzip -c $SHARE/load.csv | recur forecast load.recur - --horizon 30 | head -25 | cmp - next.csv && echo longer
recur forecast load.recur $SHARE/load.csv --plot next.svg >/dev/null
grep -c '<svg' next.svg
recur train forecast $SHARE/shops.csv --id shop --columns sales --horizon 14 --quantiles 0.1,0.5,0.9 --decode parallel $quick -o shops.recur || exit 1
recur forecast shops.recur $SHARE/shops.csv >shops.csv
head -1 shops.csv
cut -d, -f1 shops.csv | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | sed 's/^ *//'
recur eval shops.recur $SHARE/shops.csv $SHARE/shops.test.csv --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
assert j["span"] == "test" and j["windows"] == 12 and j["targets"] == 168 and set(j["baselines"]) == {"last", "seasonal", "linear"}
for k in ("mse", "mae", "mase", "smape"):
    assert j[k] > 0 and j["baseline"][k] > 0
assert 0 <= j["coverage"] <= 1 and j["band"] == 0.8
print("figures")'
recur forecast shops.recur $SHARE/shops.csv --json | python3 -c '
import json, sys
j = json.load(sys.stdin)
assert len(j["series"]) == 12 and all(len(s["time"]) == 14 and len(s["columns"][0]["forecast"]) == 14 for s in j["series"])
print("json")'
recur check forecast $SHARE/load.csv -q; echo $?
printf 'day,v\n2024-01-01,1\n2024-01-02,x\n2024-01-03,3\n2024-01-03,4\n2024-01-04,5\n' >bad.csv
recur check forecast bad.csv -q; echo $?
recur forecast load.recur bad.csv 2>&1; echo $?
recur forecast $CLS bad.csv 2>&1; echo $?
recur forecast load.recur $SHARE/load.csv --plot x.svg --draw nothing 2>&1 >/dev/null; echo $?
recur train forecast bad.csv --known calendar,price -o x.recur 2>&1; echo $?
recur check forecast $SHARE/load.csv --split 2000,300,300 2>&1 | sed 's|.*/load|load|'
# A series that never changes: no mase, and still a verdict; the same words in the table and in JSON.
{ echo v; yes 5 | head -200; } >same.csv
recur train forecast same.csv --steps 2 -q -o same.recur || exit 1
recur eval same.recur same.csv | tail -2
recur train forecast $SHARE/load.csv --columns load --input 48 --horizon 24 --steps 1 -q -o raw.recur || exit 1
for m in same raw; do
    file=same.csv; [ $m = same ] || file=$SHARE/load.csv
    recur eval $m.recur $file | tail -2 | tr '\n' ' ' | sed 's/ $//' >said
    recur eval $m.recur $file --json | python3 -c '
import json, sys
assert json.load(sys.stdin)["verdict"] == open("said").read(), open("said").read()
print("verdict")'
done
# Quantiles: sorted, with the median, never crossing; as many cells as the head line says.
for list in .9,.1 .5; do
    recur train forecast $SHARE/load.csv --columns load --input 48 --horizon 24 --quantiles $list --steps 2 --force -o q.recur 2>&1 | grep '^  quantiles'
    recur forecast q.recur $SHARE/load.csv >q.csv
    head -1 q.csv
    awk -F, 'NR == 1 { n = NF } NF != n { print "cells" } NR > 1 { for (i = 4; i <= NF; i++) if ($(i - 1) + 0 > $i + 0) print "crossed" }' q.csv
done
for list in .1,.1 .1,2; do
    recur train forecast $SHARE/load.csv --columns load --quantiles $list -o x.recur 2>&1; echo $?
done
recur train forecast $SHARE/load.csv --columns load --net 'input | gru 4 | pool last | dense | quantile q=.1:.9' -q -o x.recur 2>&1; echo $?
# Times of other lands: the forecast goes on as the table writes them; what is not certain of them is said once.
awk 'BEGIN { print "date,v"; for (i = 1; i <= 28; i++) for (h = 0; h < 24; h += 6) printf "%02d/02/2023 %02d:00,%d\n", i, h, h + i % 3 }' >day.csv
recur train forecast day.csv --horizon 2 --input 8 --steps 2 -q -o day.recur && recur forecast day.recur day.csv | cut -d, -f1
awk 'BEGIN { print "date,v"; for (i = 1; i <= 12; i++) printf "01/%02d/2023,%d\n", i, i % 3 }' >either.csv
recur check forecast either.csv 2>&1 | grep times
recur train forecast either.csv --steps 1 -o either.recur 2>&1 | grep times
sed 's|^01/\([0-9]*\)/|\1 Jan |' either.csv >month.csv
recur check forecast month.csv -q; echo $?
