-- The mart worked out anew, by other means than the service's: from task_event_fact, agent_event_fact and email_event_fact
-- by window functions, without a fold. At the end the table `mismatch` says of each table how many rows differ.
--
-- Run it in one transaction whose search_path is the mart.

SET LOCAL work_mem = '64MB';
SET LOCAL client_min_messages = 'warning';
SET LOCAL TimeZone = 'UTC';
SET LOCAL jit = off;
DROP TABLE IF EXISTS pg_temp.step, pg_temp.flow, pg_temp.cell, pg_temp.mismatch, pg_temp.holder, pg_temp.work, pg_temp.turn,
    pg_temp.agent_use, pg_temp.agent_flow, pg_temp.email_step, pg_temp.email_flow, pg_temp.backlog_change CASCADE;
CREATE TEMP TABLE mismatch (table_name text NOT NULL, missing bigint NOT NULL, unexpected bigint NOT NULL, example text);

CREATE OR REPLACE FUNCTION pg_temp.ms(span interval) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT (extract(epoch FROM span) * 1000)::bigint $$;
CREATE OR REPLACE FUNCTION pg_temp.band(span interval) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT (1 + width_bucket(extract(epoch FROM span),
        ARRAY[900, 3600, 14400, 28800, 86400, 172800, 432000, 864000, 2592000]::numeric[]))::smallint $$;

-- The calendar of a category in a version of the configuration; 0 is always open.
CREATE OR REPLACE FUNCTION pg_temp.calendar(version int, path text) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT c.calendar_key FROM category_calendar c
        WHERE c.configuration_version = version AND c.category = path), 0) $$;

-- Every step with what was before it. Status keys: 1 new, 2 captured, 3 queued, 4 offered, 5 assigned, 6 held, 7 parked,
-- 8 errorheld, 9 completed, 10 canceled, 11 rejected. `t` is the step's own time, or the latest before it when its clock
-- was behind.
CREATE TEMP TABLE step AS
WITH ordered AS (
    SELECT e.*, substr(k.name, 10) AS action, c.path, max(e.at) OVER w AS t, row_number() OVER w AS n,
        CASE WHEN row_number() OVER w > 1 THEN lag(to_status_key) OVER w
            WHEN from_status_key > 0 THEN from_status_key END AS was,
        count(e.priority) OVER w AS picks,
        coalesce(lag(category_key) OVER w, category_key) AS was_category,
        coalesce(lag(queue_key) OVER w, queue_key) AS was_queue,
        coalesce(lag(source_key) OVER w, source_key) AS was_source,
        coalesce(lag(channel_key) OVER w, channel_key) AS was_channel,
        coalesce(lag(media_type_key) OVER w, media_type_key) AS was_media_type,
        coalesce(lag(segment_key) OVER w, segment_key) AS was_segment,
        coalesce(lag(product_key) OVER w, product_key) AS was_product,
        coalesce(lag(business_value_key) OVER w, business_value_key) AS was_value,
        coalesce(lag(activation) OVER w, activation) AS was_activation
    FROM task_event_fact e JOIN dim_event_type k USING (event_type_key) JOIN dim_category c USING (category_key)
    WINDOW w AS (PARTITION BY e.item ORDER BY e.revision)
), banded AS (
    -- Of the newest pick.
    SELECT *, CASE WHEN picks = 0 THEN 0 ELSE first_value(priority_band_key) OVER (PARTITION BY item, picks ORDER BY revision) END
        AS band
    FROM ordered
)
SELECT *, coalesce(lag(band) OVER (PARTITION BY item ORDER BY revision), band) AS was_band,
    lead(t) OVER (PARTITION BY item ORDER BY revision) AS next_t,
    to_status_key = 5 AND (was IS DISTINCT FROM 5 OR action = 'assign') AS takes,
    to_status_key >= 9 AND (was IS NULL OR was < 9 OR action = 'restart') AS ends,
    coalesce(was = 5 AND (to_status_key <> 5 OR action = 'assign'), false) AS leaves,
    coalesce(was IN (4, 5) AND (to_status_key NOT IN (4, 5) OR action = 'assign'), false) AS ends_work
FROM banded;
CREATE INDEX ON pg_temp.step (item, revision);
ANALYZE pg_temp.step;

-- Who holds the item from a step on, and the works.
CREATE TEMP TABLE work AS
SELECT s.*, row_number() OVER (PARTITION BY item ORDER BY revision) AS number,
    coalesce(lead(revision) OVER (PARTITION BY item ORDER BY revision), 2147483647) AS next_revision
FROM (
    SELECT s.*, (SELECT count(*) FROM pg_temp.step o WHERE o.item = s.item AND o.revision < s.revision AND o.action = 'offer') AS offers
    FROM pg_temp.step s
    WHERE (s.action = 'offer' AND s.to_status_key = 4) OR s.takes
) s WHERE action = 'offer' OR was IS DISTINCT FROM 4 OR action = 'assign' OR offers = 0;
CREATE TEMP TABLE holder AS
SELECT item, revision, agent_key FROM pg_temp.work
UNION ALL
SELECT item, revision, agent_key FROM pg_temp.step s
WHERE takes AND agent_key <> 0 AND NOT EXISTS (SELECT FROM pg_temp.work w WHERE w.item = s.item AND w.revision = s.revision)
UNION ALL
SELECT item, 0, agent_key FROM pg_temp.step WHERE n = 1 AND from_status_key IN (4, 5);
CREATE INDEX ON pg_temp.holder (item, revision);
CREATE INDEX ON pg_temp.work (item, revision);
ANALYZE pg_temp.work;
ANALYZE pg_temp.holder;

ALTER TABLE pg_temp.step ADD COLUMN holder int, ADD COLUMN new_holder int, ADD COLUMN concerned int,
    ADD COLUMN assigned_since timestamptz, ADD COLUMN held_since timestamptz, ADD COLUMN waiting_since timestamptz;
UPDATE pg_temp.step s SET
    holder = coalesce((SELECT h.agent_key FROM pg_temp.holder h WHERE h.item = s.item AND h.revision < s.revision
        ORDER BY h.revision DESC LIMIT 1), 0),
    new_holder = coalesce((SELECT h.agent_key FROM pg_temp.holder h WHERE h.item = s.item AND h.revision <= s.revision
        ORDER BY h.revision DESC LIMIT 1), 0),
    assigned_since = CASE WHEN s.leaves THEN (SELECT o.t FROM pg_temp.step o WHERE o.item = s.item AND o.revision < s.revision AND o.takes
        ORDER BY o.revision DESC LIMIT 1) END,
    held_since = CASE WHEN s.was = 6 AND s.to_status_key <> 6 THEN (SELECT o.t FROM pg_temp.step o
        WHERE o.item = s.item AND o.revision < s.revision AND o.to_status_key = 6 AND o.was IS DISTINCT FROM 6
        ORDER BY o.revision DESC LIMIT 1) END,
    -- The newest step that began or ended waiting says whether the item waits.
    waiting_since = CASE WHEN s.takes THEN (SELECT CASE WHEN o.to_status_key = 3 THEN o.t END FROM pg_temp.step o
        WHERE o.item = s.item AND o.revision < s.revision
            AND ((o.to_status_key = 3 AND (o.was IS NULL OR o.was NOT IN (3, 4) OR o.action = 'transfer'))
                OR o.takes OR (o.to_status_key = 6 AND o.was IS DISTINCT FROM 6) OR o.to_status_key NOT IN (3, 4, 5, 6))
        ORDER BY o.revision DESC LIMIT 1) END;
UPDATE pg_temp.step SET concerned = CASE WHEN agent_key <> 0 THEN agent_key WHEN was IN (4, 5) THEN holder ELSE 0 END;
ANALYZE pg_temp.step;

-- What an open item counts as, from an instant on: at each step, and when it grows into another band of age or its due
-- date passes, up to where time has been counted.
CREATE TEMP TABLE cell AS
WITH segment AS (
    SELECT s.*, coalesce(next_t, greatest(t, (SELECT swept_through FROM projection_progress))) AS until FROM pg_temp.step s
), point AS (
    SELECT s.item, s.revision, s.t AS p, 0 AS later FROM segment s
    UNION ALL
    SELECT s.item, s.revision, s.activation + b.bound, 1 FROM segment s,
        (SELECT lower_ms * interval '1 millisecond' AS bound FROM dim_age_band WHERE lower_ms IS NOT NULL) b
    WHERE s.to_status_key < 9 AND s.activation + b.bound > s.t AND s.activation + b.bound <= s.until
    UNION ALL
    SELECT s.item, s.revision, s.due + interval '1 millisecond', 1 FROM segment s
    WHERE s.to_status_key < 9 AND s.due + interval '1 millisecond' > s.t AND s.due + interval '1 millisecond' <= s.until
), known AS (
    SELECT p.item, p.revision, p.p, p.later, s.to_status_key < 9 AS is_open,
        s.category_key, s.queue_key, s.source_key, s.to_status_key AS status_key,
        pg_temp.band(p.p - s.activation) AS age_band_key, coalesce(p.p > s.due, false) AS overdue
    FROM point p JOIN segment s ON s.item = p.item AND s.revision = p.revision
)
SELECT *, lag(is_open) OVER w AS was_open, lag(category_key) OVER w AS was_category, lag(queue_key) OVER w AS was_queue,
    lag(source_key) OVER w AS was_source, lag(status_key) OVER w AS was_status, lag(age_band_key) OVER w AS was_age,
    lag(overdue) OVER w AS was_overdue
FROM known WINDOW w AS (PARTITION BY item ORDER BY revision, later, p);

CREATE TEMP TABLE backlog_change AS
SELECT p, category_key, queue_key, source_key, status_key, age_band_key, overdue, 1 AS change FROM pg_temp.cell WHERE is_open
UNION ALL
SELECT p, was_category, was_queue, was_source, was_status, was_age, was_overdue, -1 FROM pg_temp.cell WHERE was_open;

-- What each step counts: (when, under which keys, which agent, which measure, how much).
CREATE TEMP TABLE flow AS
WITH counted AS (
    SELECT s.*, v.* FROM pg_temp.step s, LATERAL (VALUES
        ('entered', n = 1 AND from_status_key = 0, 'after', 0, 1::bigint),
        ('adopted', n = 1 AND from_status_key BETWEEN 1 AND 8, 'after', 0, 1),
        ('activated', action = 'activate', 'after', 0, 1),
        ('offered', action = 'offer', 'after', concerned, 1),
        ('accepted', action = 'accept', 'after', concerned, 1),
        ('pulled', action = 'pull', 'after', concerned, 1),
        ('given', action = 'assign', 'after', concerned, 1),
        ('missed', action = 'miss', 'before', concerned, 1),
        ('declined', action = 'decline', 'before', concerned, 1),
        ('recalled', action = 'recall', 'before', concerned, 1),
        ('withdrawn', action IN ('withdraw', 'takeBack', 'returnToQueue') AND was IN (4, 5), 'before', concerned, 1),
        ('held', to_status_key = 6 AND was IS DISTINCT FROM 6, 'before', CASE WHEN was IN (4, 5) THEN holder ELSE 0 END, 1),
        ('parked', action = 'park', 'before', concerned, 1),
        ('transferred', action = 'transfer', 'before', CASE WHEN was IN (4, 5) THEN holder ELSE 0 END, 1),
        ('reopened', action = 'restart', 'after', 0, 1),
        ('failed', to_status_key = 8 AND was IS DISTINCT FROM 8, 'after', 0, 1),
        ('completed', to_status_key = 9 AND ends, 'after', concerned, 1),
        ('autocompleted', to_status_key = 9 AND ends AND action = 'autocomplete', 'after', concerned, 1),
        ('canceled', to_status_key = 10 AND ends, 'after', concerned, 1),
        ('rejected', to_status_key = 11 AND ends, 'after', 0, 1),
        ('finish_ms', to_status_key = 9 AND ends, 'after', concerned, pg_temp.ms(t - least(activation, t))),
        ('finish_business_ms', to_status_key = 9 AND ends, 'after', concerned,
            business_ms(pg_temp.calendar(configuration_version, path), t)
            - business_ms(pg_temp.calendar(configuration_version, path), least(activation, t))),
        ('sla_eligible', to_status_key = 9 AND ends AND due IS NOT NULL, 'after', concerned, 1),
        ('sla_met', to_status_key = 9 AND ends AND t <= due, 'after', concerned, 1),
        ('finished_overdue', to_status_key = 9 AND ends AND t > due, 'after', concerned, 1),
        ('handled', assigned_since IS NOT NULL, 'before', holder, 1),
        ('handle_ms', assigned_since IS NOT NULL, 'before', holder, pg_temp.ms(t - assigned_since)),
        ('holds_ended', held_since IS NOT NULL, 'before', 0, 1),
        ('hold_ms', held_since IS NOT NULL, 'before', 0, pg_temp.ms(t - held_since)),
        ('waits', waiting_since IS NOT NULL, 'after', new_holder, 1),
        ('wait_ms', waiting_since IS NOT NULL, 'after', new_holder, pg_temp.ms(t - waiting_since))
    ) AS v(measure, holds, side, agent, amount) WHERE v.holds
)
SELECT t, measure, amount, agent, CASE side WHEN 'before' THEN was_category ELSE category_key END AS category_key,
    CASE side WHEN 'before' THEN was_queue ELSE queue_key END AS queue_key,
    CASE side WHEN 'before' THEN was_source ELSE source_key END AS source_key,
    CASE side WHEN 'before' THEN was_channel ELSE channel_key END AS channel_key,
    CASE side WHEN 'before' THEN was_media_type ELSE media_type_key END AS media_type_key,
    CASE side WHEN 'before' THEN was_segment ELSE segment_key END AS segment_key,
    CASE side WHEN 'before' THEN was_product ELSE product_key END AS product_key,
    CASE side WHEN 'before' THEN was_value ELSE business_value_key END AS business_value_key,
    CASE side WHEN 'before' THEN was_band ELSE band END AS priority_band_key,
    pg_temp.band(t - CASE side WHEN 'before' THEN was_activation ELSE activation END) AS age_band_key
FROM counted
UNION ALL
SELECT c.p, 'became_overdue', 1, 0, s.category_key, s.queue_key, s.source_key, s.channel_key, s.media_type_key,
    s.segment_key, s.product_key, s.business_value_key, s.band, c.age_band_key
FROM pg_temp.cell c JOIN pg_temp.step s ON s.item = c.item AND s.revision = c.revision
WHERE c.is_open AND c.overdue AND NOT (coalesce(c.was_open, false) AND coalesce(c.was_overdue, false));
ALTER TABLE pg_temp.flow RENAME COLUMN agent TO agent_key;

-- Agents: their own states and the items that they took and gave up, in the order of the feed.
CREATE TEMP TABLE turn AS
SELECT a.*, max(at) OVER w AS t, sum(delta) OVER w AS items, count(declared) OVER w AS states
FROM (
    SELECT agent_key, position, 0 AS place, at, to_state AS declared, 0 AS delta FROM agent_event_fact
    UNION ALL
    SELECT holder, position, 1, t, NULL, -1 FROM pg_temp.step WHERE leaves AND assigned_since IS NOT NULL AND holder <> 0
    UNION ALL
    SELECT new_holder, position, 2, t, NULL, 1 FROM pg_temp.step WHERE takes AND new_holder <> 0
) a WINDOW w AS (PARTITION BY agent_key ORDER BY position, place);
CREATE TEMP TABLE agent_use AS
WITH state AS (
    SELECT *, first_value(declared) OVER (PARTITION BY agent_key, states ORDER BY position, place) AS current,
        lead(t) OVER (PARTITION BY agent_key ORDER BY position, place) AS next_t
    FROM pg_temp.turn
), used AS (
    SELECT agent_key, t, coalesce(next_t, greatest(t, (SELECT swept_through FROM projection_progress))) AS until, items,
        CASE WHEN items > 0 THEN 'busy' WHEN states = 0 THEN NULL WHEN current = 'ready' THEN 'idle'
            WHEN current = 'notReady' THEN 'away' END AS use
    FROM state
)
SELECT agent_key, q.quarter AS starts_at, use, items,
    pg_temp.ms(least(until, q.quarter + interval '15 minutes') - greatest(t, q.quarter)) AS amount
FROM used, LATERAL generate_series(date_bin('15 minutes', t, timestamptz '2000-01-01Z'), until, interval '15 minutes') q(quarter)
WHERE use IS NOT NULL AND until > t AND q.quarter < until;
CREATE TEMP TABLE agent_flow AS
SELECT starts_at AS t, agent_key, use || '_ms' AS measure, amount FROM pg_temp.agent_use
UNION ALL SELECT starts_at, agent_key, 'item_ms', amount * items FROM pg_temp.agent_use;

-- Messages.
CREATE TEMP TABLE email_step AS
SELECT e.*, f.direction, f.mailbox_key, max(at) OVER w AS t,
    -- The first time in a state counts for how long sending took.
    e.to_state = 'queued' AND count(*) FILTER (WHERE e.to_state = 'queued') OVER w = 1 AS first_queued,
    e.to_state = 'sent' AND count(*) FILTER (WHERE e.to_state = 'sent') OVER w = 1 AS first_sent
FROM email_event_fact e JOIN email_fact f USING (email) WINDOW w AS (PARTITION BY e.email ORDER BY e.revision);
CREATE TEMP TABLE email_flow AS
SELECT at AS t, mailbox_key, direction, CASE to_state WHEN 'draft' THEN 'drafted' WHEN 'awaitingApproval' THEN 'awaiting_approval'
    ELSE to_state END AS measure, 1::bigint AS amount
FROM pg_temp.email_step WHERE from_state IS DISTINCT FROM to_state
UNION ALL
SELECT s.at, s.mailbox_key, s.direction, v.measure, v.amount FROM pg_temp.email_step s
    JOIN pg_temp.email_step q ON q.email = s.email AND q.first_queued AND q.revision < s.revision,
    LATERAL (VALUES ('sends', 1::bigint), ('send_ms', pg_temp.ms(s.t - q.t))) AS v(measure, amount)
WHERE s.first_sent;

-- Compares a table with what it should hold. Both are queries with the same columns; rows in which nothing is counted
-- count for nothing.
CREATE OR REPLACE PROCEDURE pg_temp.compare(name text, expected text, actual text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($q$
        WITH missing AS ((%2$s) EXCEPT (%3$s)), unexpected AS ((%3$s) EXCEPT (%2$s))
        INSERT INTO pg_temp.mismatch
        SELECT %1$L, m.n, u.n, (SELECT 'expected ' || x::text FROM missing x ORDER BY 1 LIMIT 1)
            || coalesce((SELECT '; has ' || x::text FROM unexpected x ORDER BY 1 LIMIT 1), '')
        FROM (SELECT count(*) AS n FROM missing) m, (SELECT count(*) AS n FROM unexpected) u WHERE m.n + u.n > 0
        $q$, name, expected, actual);
END $$;

DO $$
DECLARE
    cube record;
    measures text[];
    sums text;
    counted text;
    wide text;
    source text;
    floor_at timestamptz;
    floor_day date;
BEGIN
    -- What is older than the facts, or than an aggregate's retention, cannot be worked out.
    SELECT greatest(date_trunc('day', facts_floor) + interval '2 days', date_bin('15 minutes', intraday_floor, '2000-01-01Z')
            + CASE WHEN isfinite(intraday_floor) THEN interval '15 minutes' ELSE '0' END),
        greatest((facts_floor + interval '2 days')::date, history_floor)
        INTO floor_at, floor_day FROM projection_progress;
    FOR cube IN SELECT * FROM (VALUES
        ('agg', 'category_key, queue_key, agent_key, source_key', 'flow'),
        ('agg_segment', 'category_key, segment_key, product_key, channel_key, media_type_key, business_value_key', 'flow'),
        ('agg_priority', 'category_key, queue_key, priority_band_key', 'flow'),
        ('agg_age', 'category_key, queue_key, source_key, age_band_key', 'flow'),
        ('agg_agent', 'agent_key', 'agent_flow'),
        ('agg_email', 'mailbox_key, direction', 'email_flow')) AS c(name, keys, flows)
    LOOP
        SELECT array_agg(column_name::text ORDER BY ordinal_position) INTO measures FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = cube.name || '_15m'
            AND column_name <> 'starts_at' AND NOT column_name = ANY(string_to_array(cube.keys, ', '));
        SELECT string_agg(format('coalesce(sum(amount) FILTER (WHERE measure = %L), 0)::bigint AS %I', m, m), ', '),
            string_agg(format('%I <> 0', m), ' OR '), string_agg(format('%I::bigint', m), ', ')
            INTO sums, counted, wide FROM unnest(measures) m;
        CALL pg_temp.compare(cube.name || '_15m',
            format('SELECT * FROM (SELECT date_bin(''15 minutes'', t, timestamptz ''2000-01-01Z'') AS starts_at, %s, %s FROM pg_temp.%I GROUP BY 1, %s) e WHERE (%s) AND starts_at >= %L',
                cube.keys, sums, cube.flows, cube.keys, counted, floor_at),
            format('SELECT starts_at, %s, %s FROM %I WHERE (%s) AND starts_at >= %L', cube.keys,
                wide, cube.name || '_15m', counted, floor_at));
        CALL pg_temp.compare(cube.name || '_day',
            format('SELECT * FROM (SELECT (t AT TIME ZONE z.name)::date AS day, z.zone_key, %s, %s FROM pg_temp.%I, dim_time_zone z GROUP BY 1, 2, %s) e WHERE (%s) AND day >= %L',
                cube.keys, sums, cube.flows, cube.keys, counted, floor_day),
            format('SELECT day, zone_key, %s, %s FROM %I WHERE (%s) AND day >= %L', cube.keys,
                wide, cube.name || '_day', counted, floor_day));
    END LOOP;

    source := 'category_key, queue_key, source_key, status_key, age_band_key, overdue';
    CALL pg_temp.compare('backlog_15m',
        format('SELECT date_bin(''15 minutes'', p, timestamptz ''2000-01-01Z'') AS starts_at, %s, sum(change)::bigint AS change FROM pg_temp.backlog_change WHERE p >= %L GROUP BY 1, %s HAVING sum(change) <> 0', source, floor_at, source),
        format('SELECT starts_at, %s, change::bigint FROM backlog_15m WHERE change <> 0 AND starts_at >= %L', source, floor_at));
    CALL pg_temp.compare('backlog_day',
        format('SELECT (p AT TIME ZONE z.name)::date AS day, z.zone_key, %s, sum(change)::bigint FROM pg_temp.backlog_change, dim_time_zone z WHERE (p AT TIME ZONE z.name)::date >= %L GROUP BY 1, 2, %s HAVING sum(change) <> 0', source, floor_day, source),
        format('SELECT day, zone_key, %s, change::bigint FROM backlog_day WHERE change <> 0 AND day >= %L', source, floor_day));
    IF NOT isfinite(floor_day) THEN
        CALL pg_temp.compare('backlog_month',
            format('SELECT date_trunc(''month'', p AT TIME ZONE z.name)::date AS month, z.zone_key, %s, sum(change)::bigint FROM pg_temp.backlog_change, dim_time_zone z GROUP BY 1, 2, %s HAVING sum(change) <> 0', source, source),
            format('SELECT month, zone_key, %s, change::bigint FROM backlog_month WHERE change <> 0', source));
    END IF;
END $$;

CALL pg_temp.compare('backlog_total_15m', $$
    SELECT starts_at, category_key, queue_key, source_key, coalesce(sum(change) FILTER (WHERE status_key > 1), 0),
        coalesce(sum(change) FILTER (WHERE overdue AND status_key > 1), 0), coalesce(sum(change) FILTER (WHERE status_key = 1), 0)
    FROM backlog_15m GROUP BY 1, 2, 3, 4
    HAVING sum(change) <> 0 OR sum(change) FILTER (WHERE overdue AND status_key > 1) <> 0
        OR sum(change) FILTER (WHERE status_key = 1) <> 0
    $$, $$
    SELECT starts_at, category_key, queue_key, source_key, backlog::bigint, overdue::bigint, upcoming::bigint
    FROM backlog_total_15m WHERE backlog <> 0 OR overdue <> 0 OR upcoming <> 0 $$);

-- The backlog is the items that are open, whatever has been purged.
CALL pg_temp.compare('backlog',
    'SELECT z.zone_key, category_key, queue_key, source_key, status_key, count(*)::bigint FROM task_fact, dim_time_zone z WHERE NOT is_final GROUP BY 1, 2, 3, 4, 5',
    'SELECT zone_key, category_key, queue_key, source_key, status_key, sum(change)::bigint FROM backlog_month GROUP BY 1, 2, 3, 4, 5 HAVING sum(change) <> 0');

-- Of the backlog also what time has made of the items, up to where it has been counted.
CALL pg_temp.compare('backlog by age', $$
    SELECT z.zone_key, s.category_key, s.queue_key, s.source_key, s.to_status_key,
        pg_temp.band(greatest(s.t, p.swept_through) - s.activation), coalesce(greatest(s.t, p.swept_through) > s.due, false),
        count(*)::bigint
    FROM pg_temp.step s, dim_time_zone z, projection_progress p WHERE s.next_t IS NULL AND s.to_status_key < 9
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    $$, $$
    SELECT zone_key, category_key, queue_key, source_key, status_key, age_band_key, overdue, sum(change)::bigint
    FROM backlog_month GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(change) <> 0 $$);

CALL pg_temp.compare('task_event_fact', $$
    SELECT position, t, CASE WHEN priority IS NULL THEN 0 ELSE (SELECT b.priority_band_key FROM dim_priority_band b
        WHERE b.priority_band_key > 0 AND (b.lower IS NULL OR priority >= b.lower) AND (b.upper IS NULL OR priority < b.upper)) END
    FROM pg_temp.step
    $$, 'SELECT position, effective_at, priority_band_key FROM task_event_fact');

CALL pg_temp.compare('task_fact', $$
    SELECT s.item, s.revision, s.to_status_key, s.to_status_key >= 9, s.category_key, s.queue_key, s.source_key, s.channel_key,
        s.media_type_key, s.segment_key, s.product_key, s.business_value_key, s.band::smallint, s.result_code_key,
        s.configuration_version, s.due, s.activation, s.t, s.new_holder, h.first_position, s.position, h.entered_at,
        h.offers::int, h.accepts::int, h.misses::int, h.transfers::int, h.holds::int, h.reopens::int, h.wait_ms::bigint,
        h.handle_ms::bigint, h.hold_ms::bigint, h.first_offered_at, h.first_accepted_at,
        CASE WHEN s.to_status_key >= 9 THEN h.finished_at END,
        CASE WHEN s.to_status_key = 9 AND h.finish_due IS NOT NULL THEN h.finished_at <= h.finish_due END,
        CASE WHEN s.to_status_key = 9 THEN pg_temp.ms(h.finished_at - least(h.finish_activation, h.finished_at)) END,
        CASE WHEN s.to_status_key = 9 THEN business_ms(h.finish_calendar, h.finished_at)
            - business_ms(h.finish_calendar, least(h.finish_activation, h.finished_at)) END,
        pg_temp.calendar(s.configuration_version, s.path),
        (SELECT CASE WHEN o.to_status_key = 3 THEN o.t END FROM pg_temp.step o
            WHERE o.item = s.item
                AND ((o.to_status_key = 3 AND (o.was IS NULL OR o.was NOT IN (3, 4) OR o.action = 'transfer'))
                    OR o.takes OR (o.to_status_key = 6 AND o.was IS DISTINCT FROM 6) OR o.to_status_key NOT IN (3, 4, 5, 6))
            ORDER BY o.revision DESC LIMIT 1),
        CASE WHEN s.to_status_key = 5 THEN h.taken_at END, CASE WHEN s.to_status_key = 6 THEN h.set_aside_at END,
        w.works::int,
        CASE WHEN NOT EXISTS (SELECT FROM pg_temp.step e WHERE e.item = s.item AND e.ends_work AND e.revision > w.last_began)
            THEN (SELECT b.t FROM pg_temp.step b WHERE b.item = s.item AND b.revision = w.last_began) END,
        -- Rows that time has not changed since are left as they were.
        true,
        CASE WHEN s.to_status_key < 9 THEN least(
            CASE WHEN s.due + interval '1 millisecond' > n.counted THEN s.due + interval '1 millisecond' END,
            (SELECT min(s.activation + a.lower_ms * interval '1 millisecond') FROM dim_age_band a
                WHERE s.activation + a.lower_ms * interval '1 millisecond' > n.counted)) END
    FROM pg_temp.step s JOIN (
        SELECT item, max(revision) AS revision, min(position) AS first_position, min(at) FILTER (WHERE n = 1) AS entered_at,
            count(*) FILTER (WHERE action = 'offer') AS offers, count(*) FILTER (WHERE takes) AS accepts,
            count(*) FILTER (WHERE action = 'miss') AS misses, count(*) FILTER (WHERE action = 'transfer') AS transfers,
            count(*) FILTER (WHERE to_status_key = 6 AND was IS DISTINCT FROM 6) AS holds,
            count(*) FILTER (WHERE action = 'restart') AS reopens,
            coalesce(sum(pg_temp.ms(t - waiting_since)), 0) AS wait_ms, coalesce(sum(pg_temp.ms(t - assigned_since)), 0) AS handle_ms,
            coalesce(sum(pg_temp.ms(t - held_since)), 0) AS hold_ms,
            min(t) FILTER (WHERE action = 'offer') AS first_offered_at, min(t) FILTER (WHERE takes) AS first_accepted_at,
            max(t) FILTER (WHERE takes) AS taken_at,
            max(t) FILTER (WHERE to_status_key = 6 AND was IS DISTINCT FROM 6) AS set_aside_at,
            max(t) FILTER (WHERE to_status_key >= 9 AND ends) AS finished_at,
            (array_agg(due ORDER BY revision DESC) FILTER (WHERE to_status_key >= 9 AND ends))[1] AS finish_due,
            (array_agg(activation ORDER BY revision DESC) FILTER (WHERE to_status_key >= 9 AND ends))[1]
                AS finish_activation,
            (array_agg(pg_temp.calendar(configuration_version, path) ORDER BY revision DESC)
                FILTER (WHERE to_status_key >= 9 AND ends))[1] AS finish_calendar
        FROM pg_temp.step GROUP BY item
    ) h USING (item, revision)
    CROSS JOIN LATERAL (
        SELECT count(*) AS works, max(x.revision) AS last_began FROM pg_temp.work x WHERE x.item = s.item
    ) w
    CROSS JOIN LATERAL (SELECT greatest(s.t, swept_through) AS counted FROM projection_progress) n
    $$, $$
    SELECT item, revision, status_key, is_final, category_key, queue_key, source_key, channel_key, media_type_key, segment_key,
        product_key, business_value_key, priority_band_key, result_code_key, configuration_version, due, activation, effective_at,
        agent_key, first_position, last_position, entered_at, offers, accepts, misses, transfers, holds, reopens, wait_ms,
        handle_ms, hold_ms, first_offered_at, first_accepted_at, finished_at, within_sla, finish_ms, finish_business_ms,
        calendar_key, waiting_since, assigned_since, held_since, work_number, work_started_at,
        counted_through BETWEEN effective_at AND greatest(effective_at, swept_through), next_change_at
    FROM task_fact, projection_progress $$);

CALL pg_temp.compare('task_work_fact', $$
    SELECT w.item, w.number::int, a.agent, w.category_key, w.queue_key, w.source_key, w.band::smallint, w.action, w.t,
        CASE WHEN w.action = 'offer' THEN a.accepted_at ELSE w.t END,
        e.t, e.action,
        CASE WHEN w.action = 'offer' THEN a.waited ELSE pg_temp.ms(w.t - w2.waiting_since) END,
        pg_temp.ms(e.t - CASE WHEN w.action = 'offer' THEN a.accepted_at ELSE w.t END)
    FROM pg_temp.work w JOIN pg_temp.step w2 USING (item, revision)
    LEFT JOIN LATERAL (
        -- An accepted offer goes on; it keeps the agent to whom it was offered.
        SELECT w.agent_key AS agent, max(s.t) AS accepted_at, max(pg_temp.ms(s.t - s.waiting_since)) AS waited FROM pg_temp.step s
        WHERE w.action = 'offer' AND s.item = w.item AND s.takes AND s.action <> 'assign' AND s.revision > w.revision
            AND s.revision < w.next_revision
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT s.t, s.action FROM pg_temp.step s WHERE s.item = w.item AND s.ends_work AND s.revision > w.revision
            AND s.revision <= w.next_revision ORDER BY s.revision LIMIT 1
    ) e ON true
    $$, $$
    SELECT item, number, agent_key, category_key, queue_key, source_key, priority_band_key, began_by, began_at, accepted_at,
        ended_at, ended_by, wait_ms, handle_ms
    FROM task_work_fact $$);

-- What messages belong to and where they go is in core's events alone: content.py compares that.
CALL pg_temp.compare('email_fact', $$
    SELECT DISTINCT ON (email) email, revision, to_state, first_value(t) OVER w, t, max(t) FILTER (WHERE first_queued) OVER (PARTITION BY email),
        max(t) FILTER (WHERE first_sent) OVER (PARTITION BY email),
        CASE WHEN to_state IN ('delivered', 'bounced', 'failed', 'canceled', 'rejected') THEN t END,
        coalesce(first_value(attempt) OVER (PARTITION BY email ORDER BY attempt IS NULL, revision DESC), 0),
        min(position) OVER (PARTITION BY email), position
    FROM pg_temp.email_step WINDOW w AS (PARTITION BY email ORDER BY revision) ORDER BY email, revision DESC
    $$, $$
    SELECT email, revision, state, first_at, last_at, queued_at, sent_at, ended_at, attempts, first_position, last_position
    FROM email_fact $$);

CALL pg_temp.compare('email_fact', $$
    SELECT m.email, m.item, coalesce(t.category_key, 0) FROM email_fact m JOIN task_fact t ON t.item = m.item
    UNION ALL SELECT email, NULL, 0 FROM email_fact WHERE item IS NULL
    $$, $$
    SELECT email, item, category_key FROM email_fact m WHERE item IS NULL OR item IN (SELECT item FROM task_fact) $$);

-- Items that are purged leave no trace in agents' times; then only what the agent is at now can be compared.
CALL pg_temp.compare('agent_fact', $$
    SELECT DISTINCT ON (t.agent_key) t.agent_key, t.items::int, CASE WHEN NOT isfinite(p.facts_floor) THEN t.t END,
        coalesce(a.to_state, 'offline'), coalesce(a.revision, 0), true
    FROM pg_temp.turn t CROSS JOIN projection_progress p LEFT JOIN LATERAL (
        SELECT e.to_state, e.revision FROM agent_event_fact e WHERE e.agent_key = t.agent_key ORDER BY e.revision DESC LIMIT 1
    ) a ON true ORDER BY t.agent_key, t.position DESC, t.place DESC
    $$, $$
    SELECT agent_key, assigned_items, CASE WHEN NOT isfinite(facts_floor) THEN effective_at END, state, revision,
        counted_through BETWEEN effective_at AND greatest(effective_at, swept_through)
    FROM agent_fact, projection_progress
    WHERE NOT isfinite(facts_floor) OR agent_key IN (SELECT agent_key FROM pg_temp.turn) $$);
