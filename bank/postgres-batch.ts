/**
 * What calls the commands in PL/pgSQL (`postgres-procedures.ts`): a batch of requests in one transaction, and the chainer. A batch takes all
 * its locks first, in one order for everybody, so that no two wait for each other.
 */
import { LOCK_CHAIN, LOCK_EPOCH, LOCK_SPACE } from "./postgres-schema.ts";

/** One row for each request, in order: its answer, or null where a later epoch has begun. */
export const SUBMIT =
  "SELECT strata.submit($1::jsonb, $2::text[], $3::text[], $4::text[], $5::bigint, $6::bigint) AS answer";

export const BATCH = `
-- requests: {key, digest, command, kind, by}; accounts and documents ("what id") that they name, and requests whose accounts they change.
CREATE OR REPLACE FUNCTION strata.take_locks(requests jsonb, accounts text[], documents text[], related text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  place bigint;
BEGIN
  IF requests @? '$[*] ? (@.command.kind == "take-over")' THEN
    PERFORM pg_advisory_xact_lock(${LOCK_SPACE}, ${LOCK_EPOCH});
  ELSE
    PERFORM pg_advisory_xact_lock_shared(${LOCK_SPACE}, ${LOCK_EPOCH});
  END IF;
  IF related <> '{}' THEN
    documents := documents || ARRAY(SELECT 'card ' || r.card FROM strata.request r WHERE r.card IS NOT NULL AND (r.key = ANY (related)
      OR r.key IN (SELECT e.of FROM strata.request q JOIN strata.entry e ON e.number = q.entry WHERE q.key = ANY (related))));
  END IF;
  -- Documents may not be there yet, so that there is no row to lock.
  FOR place IN SELECT DISTINCT hashtextextended(name, 0) FROM unnest(documents) AS name ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(place);
  END LOOP;
  IF related <> '{}' THEN
    accounts := accounts || ARRAY(SELECT unnest(ARRAY[e.debit, e.credit]) FROM strata.request r JOIN strata.entry e ON e.number = r.entry
      WHERE r.key = ANY (related));
  END IF;
  IF requests @? '$[*].command ? (@.kind == "accrue" || @.kind == "pay-interest" || (@.kind == "set-account" && @.state == "closed"))' THEN
    accounts := accounts || ARRAY(SELECT unnest(strata.accrual_accounts(c.currency))
      FROM (SELECT DISTINCT currency FROM strata.account WHERE id = ANY (accounts)) AS c);
  END IF;
  PERFORM FROM strata.account WHERE id = ANY (accounts) ORDER BY id FOR NO KEY UPDATE;
END $$;

CREATE OR REPLACE FUNCTION strata.carry_out(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
BEGIN
  CASE command->>'kind'
    WHEN 'transfer' THEN SELECT * INTO answer, entry FROM strata.do_transfer(k, command, at);
    WHEN 'advice' THEN SELECT * INTO answer, entry FROM strata.do_advice(k, command, at);
    WHEN 'hold' THEN SELECT * INTO answer, entry FROM strata.do_hold(k, command, at);
    WHEN 'capture' THEN SELECT * INTO answer, entry FROM strata.do_capture(k, command, at);
    WHEN 'release' THEN SELECT * INTO answer, entry FROM strata.do_release(k, command, at);
    WHEN 'expire' THEN SELECT * INTO answer, entry FROM strata.do_expire(k, command, at);
    WHEN 'reverse' THEN SELECT * INTO answer, entry FROM strata.do_reverse(k, command, at);
    WHEN 'open-account' THEN SELECT * INTO answer, entry FROM strata.do_open_account(k, command, at);
    WHEN 'set-account' THEN SELECT * INTO answer, entry FROM strata.do_set_account(k, command, at);
    WHEN 'set' THEN SELECT * INTO answer, entry FROM strata.do_set(k, command, at);
    WHEN 'accrue' THEN SELECT * INTO answer, entry FROM strata.do_accrue(k, command, at);
    WHEN 'pay-interest' THEN SELECT * INTO answer, entry FROM strata.do_pay_interest(k, command, at);
    WHEN 'take-over' THEN SELECT * INTO answer, entry FROM strata.do_take_over(k, command, at);
  END CASE;
END $$;

CREATE OR REPLACE FUNCTION strata.submit(requests jsonb, accounts text[], documents text[], related text[], own_epoch bigint, now_at bigint)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r jsonb;
  k text;
  command jsonb;
  digest bytea;
  known strata.request;
  answer text;
  entry bigint;
  epoch bigint;
BEGIN
  PERFORM strata.take_locks(requests, accounts, documents, related);
  SELECT value INTO epoch FROM strata.meta WHERE name = 'epoch';
  FOR r IN SELECT value FROM jsonb_array_elements(requests) LOOP
    k := r->>'key';
    command := r->'command';
    digest := decode(r->>'digest', 'hex');
    SELECT * INTO known FROM strata.request WHERE key = k;
    IF known.key IS NOT NULL THEN
      -- A request that a reversal has barred has no digest: whatever it was to be, it is refused.
      RETURN NEXT CASE WHEN known.digest IN ('', digest) THEN known.answer ELSE strata.refused('key-reused', now_at) END;
      CONTINUE;
    END IF;
    IF epoch > own_epoch AND command->>'kind' <> 'take-over' THEN
      RETURN NEXT NULL;
      CONTINUE;
    END IF;
    SELECT * INTO answer, entry FROM strata.carry_out(k, command, now_at);
    INSERT INTO strata.request (key, digest, answer, entry, is_reversed, kind, by, at, card)
      VALUES (k, digest, answer, entry, false, r->>'what', r->>'by', now_at, command->'movement'->>'card');
    RETURN NEXT answer;
  END LOOP;
END $$;

-- Links what is committed and not linked yet, at most so much at once; says how much it was. Only who has the lock of the chain calls it.
CREATE OR REPLACE FUNCTION strata.link_entries(count_max bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  drawn bigint;
  snapshot pg_snapshot;
  last strata.chain;
  was strata.chain_end;
  e strata.entry;
  link bytea;
  entries bigint[] := '{}';
  links bytea[] := '{}';
BEGIN
  SELECT * INTO was FROM strata.chain_end;
  SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO drawn FROM strata.entry_number;
  -- Of a later moment: whoever has drawn a number up to that one has ended, is in progress here, or is beyond.
  snapshot := pg_current_snapshot();
  SELECT * INTO last FROM strata.chain ORDER BY position DESC LIMIT 1;
  link := coalesce(last.link, decode(repeat('00', 32), 'hex'));
  FOR e IN SELECT * FROM strata.entry o WHERE o.number > was.settled
    AND NOT EXISTS (SELECT FROM strata.chain c WHERE c.entry = o.number) ORDER BY o.number LIMIT count_max
  LOOP
    -- As chainLink (entry.ts) makes it.
    link := sha256(link || convert_to(
      '[' || e.number || ',' || to_json(e.key) || ',"' || e.kind || '",' || to_json(e.debit) || ',' || to_json(e.credit) || ',"' || e.amount
      || '","' || e.reason || '",' || to_json(e.reference) || ',' || coalesce(to_json(e.of)::text, 'null') || ',' || e.is_flagged || ',' || e.at
      || ']', 'UTF8'));
    entries := entries || e.number;
    links := links || link;
  END LOOP;
  INSERT INTO strata.chain SELECT coalesce(last.position, 0) + place, entry, l
    FROM unnest(entries, links) WITH ORDINALITY AS linked (entry, l, place);
  IF cardinality(entries) < count_max THEN
    IF pg_snapshot_xmin(snapshot) >= was.horizon THEN
      UPDATE strata.chain_end SET settled = was.seen, seen = drawn, horizon = pg_snapshot_xmax(snapshot);
    END IF;
  END IF;
  RETURN cardinality(entries);
END $$;

-- By one at a time; where another is at it, it is left to that one.
CREATE OR REPLACE FUNCTION strata.chain_some(count_max bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT CASE WHEN pg_try_advisory_xact_lock(${LOCK_SPACE}, ${LOCK_CHAIN}) THEN strata.link_entries(count_max) ELSE 0 END
$$;

-- All that was committed before; waits for whoever is at it.
CREATE OR REPLACE FUNCTION strata.chain_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(${LOCK_SPACE}, ${LOCK_CHAIN});
  WHILE strata.link_entries(10000) > 0 LOOP END LOOP;
END $$;
`;
