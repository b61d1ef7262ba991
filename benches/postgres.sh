#!/bin/sh
# Full text search of PostgreSQL over the products and queries in a folder: answers a second, by pgbench.
#
# usage: postgres.sh DIR SECONDS
#   DIR/products.tsv  id, name, brand, description and two facet values, separated by tabs
#   DIR/queries.txt   a query a line
#
# A cluster of its own in DIR, over a local socket, thrown away at the end. Each answer has the best 24 products by
# ts_rank and the eight most frequent values of both facets. Exit code 3: PostgreSQL is not installed.
set -eu
dir=$1
seconds=$2

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
[ -n "$bin" ] && [ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb || echo /nowhere/initdb)")
[ -x "$bin/initdb" ] && [ -x "$bin/pgbench" ] || exit 3

# The database refuses to run as root.
as=""
if [ "$(id -u)" = 0 ]; then
  id postgres >/dev/null 2>&1 || exit 3
  chown -R postgres "$dir"
  as="runuser -u postgres --"
fi
cd "$dir"
mkdir -p socket
[ -z "$as" ] || chown postgres socket
$as "$bin/initdb" -D "$dir/cluster" -E UTF8 --locale=C -A trust >/dev/null
trap '$as "$bin/pg_ctl" -D "$dir/cluster" stop -m immediate >/dev/null' EXIT
$as "$bin/pg_ctl" -D "$dir/cluster" -w -l "$dir/log" \
  -o "-k $dir/socket -c listen_addresses= -c shared_buffers=512MB -c fsync=off" start >/dev/null

sql() { $as "$bin/psql" -q -v ON_ERROR_STOP=1 -h "$dir/socket" -d postgres "$@"; }
sql <<SQL
create table products (id int primary key, name text, brand text, description text, a text, b text);
\copy products from '$dir/products.tsv'
alter table products add words tsvector;
update products set words = setweight(to_tsvector('english', name), 'A')
  || setweight(to_tsvector('english', brand), 'B') || setweight(to_tsvector('english', description), 'D');
create index on products using gin (words);
create table lines (query text);
\copy lines from '$dir/queries.txt'
create table queries as select (row_number() over ())::int as n, query from lines;
create unique index on queries (n);
vacuum analyze;
create function answer(wanted int) returns json stable language sql as \$\$
  with asked as (select plainto_tsquery('english', query) as q from queries where n = wanted),
  found as materialized (
    select id, name, a, b, ts_rank(words, q) as score from products, asked where words @@ q)
  select json_build_object(
    'items', (select json_agg(t) from (select id, name from found order by score desc, id limit 24) t),
    'a', (select json_agg(t) from (select a, count(*) from found group by a order by 2 desc, 1 limit 8) t),
    'b', (select json_agg(t) from (select b, count(*) from found group by b order by 2 desc, 1 limit 8) t))
\$\$;
SQL
count=$(sql -At -c 'select count(*) from queries')
printf '\\set n random(1, %s)\nselect answer(:n);\n' "$count" > ask.sql
for clients in 1 2 4; do
  out=$($as "$bin/pgbench" -n -M prepared -f ask.sql -c "$clients" -j "$clients" -T "$seconds" -h "$dir/socket" postgres 2>/dev/null)
  tps=$(printf '%s\n' "$out" | sed -n 's/^tps = \([0-9.]*\).*/\1/p')
  mean=$(printf '%s\n' "$out" | sed -n 's/^latency average = \(.*\)/\1/p')
  echo "$clients clients: tps $tps mean $mean"
done
