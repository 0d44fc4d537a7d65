SELECT a, row_number() OVER (PARTITION BY b ORDER BY c DESC) AS n FROM t;

SELECT a, sum(b) OVER (ORDER BY c ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week FROM t;

SELECT a, lag(b, 1, 0) OVER w, lead(b) OVER w, first_value(b) OVER w FROM t
WINDOW w AS (PARTITION BY a ORDER BY c);

SELECT ntile(4) OVER (ORDER BY b), rank() OVER (ORDER BY b), dense_rank() OVER (ORDER BY b),
  percent_rank() OVER (ORDER BY b), cume_dist() OVER (ORDER BY b) FROM t;

SELECT a, b FROM t QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = 1;

SELECT sum(b) OVER (ORDER BY c RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM t;

WITH daily AS (SELECT date_trunc('day', at) AS day, count(*) AS n FROM calls GROUP BY 1),
  running AS (SELECT day, n, sum(n) OVER (ORDER BY day) AS total FROM daily)
SELECT * FROM running WHERE total > 100 ORDER BY day;

WITH RECURSIVE days AS (
  SELECT 1 AS n UNION ALL SELECT n + 1 FROM days WHERE n < 31)
SELECT n FROM days;

WITH RECURSIVE reach AS (
  SELECT caller, callee FROM calls WHERE caller = 'main'
  UNION SELECT r.caller, c.callee FROM reach r JOIN calls c ON r.callee = c.caller)
SELECT * FROM reach;

SELECT a FROM t UNION SELECT a FROM u;

SELECT a FROM t UNION ALL SELECT a FROM u ORDER BY a LIMIT 10 OFFSET 5;

SELECT a FROM t INTERSECT SELECT a FROM u EXCEPT SELECT a FROM v;

(SELECT a FROM t ORDER BY a LIMIT 3) UNION ALL (SELECT a FROM u ORDER BY a DESC LIMIT 3);

SELECT * FROM t JOIN u USING (id) LEFT JOIN v ON v.id = u.id AND v.kind = 'x';

SELECT * FROM t FULL OUTER JOIN u ON t.a = u.a WHERE t.a IS NULL OR u.a IS NULL;

SELECT * FROM t NATURAL JOIN u;

SELECT * FROM t LEFT SEMI JOIN u ON t.a = u.a;

SELECT * FROM t LEFT ANTI JOIN u ON t.a = u.a;

SELECT t.a, x.n FROM t CROSS JOIN LATERAL (SELECT count(*) AS n FROM u WHERE u.a = t.a) x;

SELECT t.a, x.b FROM t, LATERAL (SELECT b FROM u WHERE u.a = t.a ORDER BY b LIMIT 1) x;

SELECT a, unnest(tags) AS tag FROM t;

SELECT * FROM unnest([1, 2, 3]);

SELECT t.a, x.tag FROM t CROSS JOIN unnest(t.tags) AS x (tag);

SELECT tag, count(*) FROM t, UNNEST(t.tags) AS x (tag) GROUP BY tag;

SELECT array_agg(a ORDER BY b) FROM t GROUP BY c;

SELECT array_length(tags), tags[1], array_has(tags, 'x'), array_to_string(tags, ',') FROM t;

SELECT string_agg(a, ', ' ORDER BY a) FROM t;

SELECT get_field(s, 'x'), s['x'], named_struct('a', 1, 'b', 'x') FROM t;

SELECT map(['a', 'b'], [1, 2])['a'], make_array(1, 2, 3), struct(1, 'x');

SELECT payload['user']['name'] AS who, count(*) FROM events GROUP BY 1;

SELECT json_get_str(payload, 'name') FROM events WHERE json_contains(payload, 'id');

SELECT date_trunc('month', at), date_part('dow', at), extract(hour FROM at) FROM t;

SELECT at + INTERVAL '1 day 2 hours', at - INTERVAL '3' MONTH, now() - at FROM t;

SELECT to_timestamp('2024-01-01T00:00:00Z'), to_date('2024-01-01'), current_date, current_timestamp;

SELECT date_bin(INTERVAL '15 minutes', at, TIMESTAMP '2000-01-01') AS bin, avg(v) FROM t GROUP BY bin;

SELECT at AT TIME ZONE 'Europe/Berlin' FROM t;

SELECT a, b, sum(c) FROM t GROUP BY ROLLUP (a, b);

SELECT a, b, sum(c) FROM t GROUP BY CUBE (a, b);

SELECT a, b, grouping(a), sum(c) FROM t GROUP BY GROUPING SETS ((a, b), (a), ());

SELECT count(*) FILTER (WHERE a > 1), count(DISTINCT b), sum(DISTINCT c) FROM t;

SELECT median(a), stddev(a), var_pop(a), corr(a, b), approx_distinct(a) FROM t;

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t;

SELECT approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY a) FROM t;

SELECT a FROM t GROUP BY a HAVING count(*) > 10 ORDER BY count(*) DESC NULLS LAST;

SELECT DISTINCT a, b FROM t;

SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b DESC;

SELECT CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END FROM t;

SELECT CASE WHEN a > 1 AND b IS NOT NULL THEN a / b END FROM t;

SELECT coalesce(a, b, 0), nullif(a, 0), greatest(a, b), least(a, b) FROM t;

SELECT a::BIGINT, CAST(b AS DECIMAL(10, 2)), TRY_CAST(c AS INT), arrow_cast(d, 'Int8') FROM t;

SELECT lower(a) || '-' || upper(b), trim(BOTH ' ' FROM c), substr(d, 1, 3), position('x' IN e) FROM t;

SELECT * FROM t WHERE a LIKE 'x%' AND b ILIKE '%Y' AND c SIMILAR TO '(a|b)%' AND d ~ '^[a-z]+$';

SELECT regexp_replace(a, '[0-9]+', '#', 'g'), regexp_like(a, '^x'), split_part(a, '/', 2) FROM t;

SELECT * FROM t WHERE a BETWEEN 1 AND 10 AND b NOT IN (1, 2, 3) AND c IS DISTINCT FROM d;

SELECT * FROM t WHERE (a, b) IN (SELECT a, b FROM u);

SELECT * FROM t WHERE a > ALL (SELECT a FROM u);

SELECT * FROM t WHERE a = ANY (SELECT a FROM u);

SELECT a, (SELECT max(b) FROM u WHERE u.a = t.a) AS m FROM t;

SELECT * EXCEPT (a) FROM t;

SELECT * EXCLUDE (a) FROM t;

SELECT * REPLACE (a + 1 AS a) FROM t;

SELECT t.*, u.b FROM t JOIN u ON t.a = u.a;

VALUES (1, 'a'), (2, 'b');

SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS x (n, s);

SELECT md5(a), sha256(b), digest(c, 'sha256'), encode(d, 'hex') FROM t;

SELECT abs(a), round(b, 2), floor(c), power(d, 2), a % 7, a & 3, a | 4, a << 1 FROM t;

SELECT * FROM calls WHERE caller = $caller AND at >= $since;

SELECT "select", "from", "Group" FROM "order";

SELECT 'it''s; -- not a comment', E'tab\t', $$dollar 'quotes'$$;

FROM t SELECT a, b WHERE a > 1;

SELECT a FROM t ORDER BY ALL;

SELECT a, count(*) FROM t GROUP BY ALL;

SELECT a FROM t ORDER BY a LIMIT 10;

DESCRIBE t;
