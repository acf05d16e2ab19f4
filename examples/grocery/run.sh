#!/bin/sh
# A real grocer's year: makes a workspace, takes the data in, replays 2017 and stays up. Called by `make run`.
set -eu
workspace=${1:-work/grocery}
nurture=${NURTURE:-nurture}
data=$(dirname "$0")

rm -rf "$workspace"
"$nurture" init "$workspace" 2>/dev/null
"$nurture" import contacts "$data/contacts.csv" --workspace "$workspace" \
    --consent "the shop's loyalty card" --since 2017-01-01
"$nurture" import products "$data/products.csv.gz" --workspace "$workspace"
"$nurture" import orders "$data/orders.csv.gz" --workspace "$workspace"
"$nurture" replay --from 2017-01-01 --to 2018-01-01 --sign-ups 200 --step 6 --workspace "$workspace"
"$nurture" stages --workspace "$workspace"
"$nurture" report --workspace "$workspace"
"$nurture" report --care --at 2018-01-01 --workspace "$workspace"
exec "$nurture" run --workspace "$workspace"
