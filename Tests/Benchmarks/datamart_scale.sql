-- A mart as :items items of 30 days leave it, five events each. Distributions are fixed by the item's number, so that every run
-- has the same. The tables are those of a mart that the service has made and that no event has reached; keys begin at 1001,
-- beside those of the tenant's configuration.
SET synchronous_commit = off;
INSERT INTO dim_category (category_key, path, name, depth, level_1, level_2, valid_from)
SELECT 1001 + n, CASE WHEN n % 6 = 0 THEN 'C' || n / 6 ELSE 'C' || n / 6 || '/S' || n % 6 END,
    CASE WHEN n % 6 = 0 THEN 'C' || n / 6 ELSE 'S' || n % 6 END, CASE WHEN n % 6 = 0 THEN 1 ELSE 2 END,
    'C' || n / 6, CASE WHEN n % 6 > 0 THEN 'S' || n % 6 END, '2000-01-01' FROM generate_series(0, 47) n;
INSERT INTO dim_queue SELECT 1000 + n, 'queue ' || n, '2000-01-01', NULL FROM generate_series(1, 12) n;
INSERT INTO dim_agent (agent_key, agent, team) SELECT 1000 + n, 'agent' || n, 'team ' || n % 10 FROM generate_series(1, 100) n;
INSERT INTO dim_capture_point SELECT 1000 + n, 'source ' || n FROM generate_series(1, 4) n;
INSERT INTO dim_segment SELECT 1000 + n, 'segment ' || n FROM generate_series(1, 5) n;
INSERT INTO dim_product SELECT 1000 + n, 'product ' || n FROM generate_series(1, 10) n;
SELECT ensure_partitions('facts', now() - interval '40 days', now() + interval '2 days');
SELECT ensure_partitions('intraday', now() - interval '40 days', now() + interval '2 days');
SELECT ensure_partitions('history', now() - interval '40 days', now() + interval '2 days');
CREATE TEMP TABLE item AS
SELECT n, gen_random_uuid() AS item, t0, t0 + wait AS accepted, CASE WHEN n % 50 > 0 THEN t0 + wait + handle END AS done, wait, handle,
    1001 + n % 48 AS category_key, 1001 + (n % 48) / 4 AS queue_key, 1001 + (n / 7) % 100 AS agent_key,
    1001 + n % 4 AS source_key, 1001 + (n / 3) % 5 AS segment_key, 1001 + (n / 11) % 10 AS product_key, 1 + (n / 13) % 10 AS priority_band_key,
    t0 + interval '1 hour' AS due
FROM (SELECT n, date_trunc('milliseconds', now() - interval '30 days' + (n::float8 / :items) * interval '30 days') AS t0,
    make_interval(secs => 5 + (n::bigint * 7919 % 4000)) AS wait, make_interval(secs => 30 + (n::bigint * 104729 % 900)) AS handle
    FROM generate_series(1, :items) n) x;
INSERT INTO task_fact (item, capture_id, revision, first_position, last_position, status_key, is_final, source_key, category_key,
    queue_key, agent_key, channel_key, media_type_key, segment_key, product_key, customer_key, business_value_key,
    priority_band_key, result_code_key, configuration_version, calendar_key, entered_at, activation, due, first_offered_at,
    first_accepted_at, finished_at, within_sla, erased, offers, accepts, misses, transfers, holds, reopens, wait_ms,
    handle_ms, hold_ms, finish_ms, finish_business_ms, effective_at, work_number, counted_through)
SELECT item, 'INC-' || n, 5, n * 5 - 4, n * 5, CASE WHEN done IS NULL THEN 5 ELSE 9 END, done IS NOT NULL, source_key,
    category_key, queue_key, agent_key, 0, 1, segment_key, product_key, 0, 0, priority_band_key, 0, 1, 0, t0, t0, due, accepted,
    accepted, done, done <= due, false, 1, 1, 0, 0, 0, 0, extract(epoch FROM wait) * 1000, extract(epoch FROM handle) * 1000, 0,
    extract(epoch FROM done - t0) * 1000, extract(epoch FROM done - t0) * 1000, coalesce(done, accepted), 1,
    coalesce(done, accepted)
FROM item;
INSERT INTO task_work_fact SELECT item, 1, agent_key, category_key, queue_key, source_key, priority_band_key, 'offer', accepted,
    accepted, done, CASE WHEN done IS NOT NULL THEN 'complete' END, extract(epoch FROM wait) * 1000,
    CASE WHEN done IS NOT NULL THEN extract(epoch FROM handle) * 1000 END FROM item;
-- Submitted, offered, accepted, completed, and one update on the way.
INSERT INTO task_event_fact
SELECT n * 5 - 5 + k.number, k.at, k.at, item, k.number, 0, k.from_status, 0, k.to_status, 0, 'agent', 'agent', agent_key, category_key,
    queue_key, source_key, 0, 1, segment_key, product_key, 0, priority_band_key, 50, 0, 0, t0, due, NULL, 1, NULL, NULL, 0, 1
FROM item, LATERAL (VALUES (1, t0, 0, 3), (2, t0 + interval '1 second', 3, 3), (3, accepted, 3, 4), (4, accepted, 4, 5),
    (5, coalesce(done, accepted), 5, 9)) k(number, at, from_status, to_status);
CREATE TEMP TABLE deed AS
SELECT i.*, k.kind, k.at, CASE WHEN k.kind = 'entered' THEN 0 ELSE agent_key END AS whose,
    date_bin('15 minutes', k.at, '2000-01-01') AS starts_at, (k.at AT TIME ZONE 'Europe/Stockholm')::date AS day
FROM item i, LATERAL (VALUES ('entered', t0), ('accepted', accepted), ('completed', done)) k(kind, at) WHERE k.at IS NOT NULL;
CREATE OR REPLACE FUNCTION pg_temp.fill(name text, keys text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t text; c text; k2 text;
BEGIN
  FOREACH t IN ARRAY ARRAY['15m', 'day'] LOOP
    c := CASE t WHEN '15m' THEN 'starts_at' ELSE 'day, zone_key' END;
    k2 := replace(keys, 'agent_key', 'whose');
    EXECUTE format($f$
      INSERT INTO %1$s_%2$s (%3$s, %4$s, entered, offered, accepted, completed, sla_eligible, sla_met, finished_overdue, waits,
        handled, wait_ms, handle_ms, finish_ms, finish_business_ms)
      SELECT %5$s, %6$s, count(*) FILTER (WHERE kind = 'entered'), count(*) FILTER (WHERE kind = 'accepted'),
        count(*) FILTER (WHERE kind = 'accepted'), count(*) FILTER (WHERE kind = 'completed'),
        count(*) FILTER (WHERE kind = 'completed'), count(*) FILTER (WHERE kind = 'completed' AND at <= due),
        count(*) FILTER (WHERE kind = 'completed' AND at > due), count(*) FILTER (WHERE kind = 'accepted'),
        count(*) FILTER (WHERE kind = 'completed'),
        coalesce(sum(extract(epoch FROM wait) * 1000) FILTER (WHERE kind = 'accepted'), 0),
        coalesce(sum(extract(epoch FROM handle) * 1000) FILTER (WHERE kind = 'completed'), 0),
        coalesce(sum(extract(epoch FROM done - t0) * 1000) FILTER (WHERE kind = 'completed'), 0),
        coalesce(sum(extract(epoch FROM done - t0) * 1000) FILTER (WHERE kind = 'completed'), 0)
      FROM deed GROUP BY %5$s, %6$s $f$, name, t, c, keys, CASE t WHEN '15m' THEN 'starts_at' ELSE 'day, 1::smallint' END, k2);
  END LOOP;
END $$;
SELECT pg_temp.fill('agg', 'category_key, queue_key, agent_key, source_key');
ALTER TABLE deed ADD channel_key int DEFAULT 0, ADD media_type_key int DEFAULT 1, ADD business_value_key smallint DEFAULT 0,
    ADD age_band_key smallint DEFAULT 1;
SELECT pg_temp.fill('agg_segment', 'category_key, segment_key, product_key, channel_key, media_type_key, business_value_key');
SELECT pg_temp.fill('agg_priority', 'category_key, queue_key, priority_band_key');
SELECT pg_temp.fill('agg_age', 'category_key, queue_key, source_key, age_band_key');
INSERT INTO agg_agent_15m SELECT starts_at, whose, 600000, 200000, 100000, 600000 FROM deed WHERE whose > 0 GROUP BY 1, 2;
INSERT INTO agg_agent_day SELECT day, 1, whose, 30000000, 9000000, 1000000, 30000000 FROM deed WHERE whose > 0 GROUP BY 1, 2, 3;
-- Open items of three statuses and five age bands, a seventh of them overdue.
CREATE TEMP TABLE course AS
SELECT starts_at, day, category_key, queue_key, source_key, 3 + n % 3 AS status_key, (1 + n % 5)::smallint AS age_band_key,
    n % 7 = 0 AS is_overdue, sum(CASE kind WHEN 'entered' THEN 1 ELSE -1 END) AS change
FROM deed WHERE kind <> 'accepted' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO backlog_15m SELECT starts_at, category_key, queue_key, source_key, status_key, age_band_key, is_overdue, sum(change)
    FROM course GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO backlog_day SELECT day, 1, category_key, queue_key, source_key, status_key, age_band_key, is_overdue, sum(change)
    FROM course GROUP BY 1, 3, 4, 5, 6, 7, 8;
INSERT INTO backlog_month SELECT date_trunc('month', day), 1, category_key, queue_key, source_key, status_key, age_band_key,
    overdue, sum(change) FROM backlog_day GROUP BY 1, 3, 4, 5, 6, 7, 8;
-- A tenth of the items came by mail, and most of them are answered: received, queued, being sent, sent.
INSERT INTO dim_mailbox SELECT 1000 + n, 'mailbox ' || n FROM generate_series(1, 5) n;
CREATE TEMP TABLE mail AS
SELECT gen_random_uuid() AS email, item, n, 1001 + n % 5 AS mailbox_key, d.direction,
    CASE d.direction WHEN 'in' THEN t0 ELSE done END AS began
FROM item, (VALUES ('in'), ('out')) d(direction) WHERE n % 10 = 0 AND (d.direction = 'in' OR done IS NOT NULL);
CREATE TEMP TABLE mail_step AS
SELECT m.*, k.number, k.from_state, k.to_state, began + k.number * interval '700 milliseconds' AS at
FROM mail m JOIN (VALUES ('in', 1, NULL, 'received'), ('out', 1, NULL, 'queued'), ('out', 2, 'queued', 'sending'),
    ('out', 3, 'sending', 'sent')) k(direction, number, from_state, to_state) USING (direction);
INSERT INTO email_fact (email, item, revision, mailbox_key, direction, state, automatic, attempts, first_at, last_at, queued_at, sent_at,
    ended_at, first_position, last_position)
SELECT email, item, CASE direction WHEN 'in' THEN 1 ELSE 3 END, mailbox_key, direction,
    CASE direction WHEN 'in' THEN 'received' ELSE 'sent' END, false, CASE direction WHEN 'in' THEN 0 ELSE 1 END, began, began,
    CASE direction WHEN 'out' THEN began END, CASE direction WHEN 'out' THEN began + interval '2100 milliseconds' END, NULL,
    :items * 5 + n, :items * 5 + n FROM mail;
INSERT INTO email_event_fact (position, at, email, revision, from_state, to_state, actor_kind, actor)
SELECT :items * 5 + row_number() OVER (), at, email, number, from_state, to_state, 'service', 'email' FROM mail_step;
INSERT INTO agg_email_15m (starts_at, mailbox_key, direction, received, queued, sending, sent, sends, send_ms)
SELECT date_bin('15 minutes', at, '2000-01-01'), mailbox_key, direction, count(*) FILTER (WHERE to_state = 'received'),
    count(*) FILTER (WHERE to_state = 'queued'), count(*) FILTER (WHERE to_state = 'sending'),
    count(*) FILTER (WHERE to_state = 'sent'), count(*) FILTER (WHERE to_state = 'sent'),
    1400 * count(*) FILTER (WHERE to_state = 'sent') FROM mail_step GROUP BY 1, 2, 3;
INSERT INTO agg_email_day (day, zone_key, mailbox_key, direction, received, queued, sending, sent, sends, send_ms)
SELECT (at AT TIME ZONE 'Europe/Stockholm')::date, 1, mailbox_key, direction, count(*) FILTER (WHERE to_state = 'received'),
    count(*) FILTER (WHERE to_state = 'queued'), count(*) FILTER (WHERE to_state = 'sending'),
    count(*) FILTER (WHERE to_state = 'sent'), count(*) FILTER (WHERE to_state = 'sent'),
    1400 * count(*) FILTER (WHERE to_state = 'sent') FROM mail_step GROUP BY 1, 3, 4;
