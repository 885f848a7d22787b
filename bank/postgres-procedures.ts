/**
 * The ledger in PL/pgSQL, one function a command: the decisions of `ledger.ts`, which says why, made inside the transaction. `submit`
 * (`postgres-batch.ts`) has taken the locks before. Each gives the answer as text, octet for octet what `encodeAnswer` makes;
 * `test/whole/bank-postgres.test.ts` compares both stores request by request. Here is what moves or holds money at somebody's wish.
 */
import { DAY_MILLISECONDS } from "./deciding.ts";
import { AMOUNT_MAX } from "./money.ts";

/** What several commands need. */
const COMMON = `
CREATE OR REPLACE FUNCTION strata.balance(a strata.account) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT a.credits_posted - a.debits_posted $$;

CREATE OR REPLACE FUNCTION strata.after(a strata.account) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT '{"id":' || to_json(a.id) || ',"currency":' || to_json(a.currency)
    || ',"balance":"' || (a.credits_posted - a.debits_posted) || '","available":'
    || coalesce('"' || (a.credits_posted - a.debits_posted - a.debits_pending + a.overdraft) || '"', 'null') || '}'
$$;

-- An answer without an entry; each field as JSON.
CREATE OR REPLACE FUNCTION strata.said(status text, amount text, accounts text, version text, at bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT '{"status":"' || status || '","entry":null,"amount":' || amount || ',"accounts":[' || accounts
    || '],"isFlagged":false,"version":' || version || ',"atMilliseconds":' || at || '}'
$$;

CREATE OR REPLACE FUNCTION strata.refused(status text, at bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT '{"status":"' || status || '","entry":null,"amount":null,"accounts":[],"isFlagged":false,"version":null,"atMilliseconds":' || at || '}' $$;

CREATE OR REPLACE FUNCTION strata.state_fault(a strata.account) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE a.state WHEN 'open' THEN NULL WHEN 'blocked' THEN 'account-blocked' ELSE 'account-closed' END $$;

CREATE OR REPLACE FUNCTION strata.movement_fault(d strata.account, c strata.account, amount numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN d.id IS NULL OR c.id IS NULL THEN 'no-such-account'
    WHEN d.id = c.id THEN 'same-account'
    WHEN d.currency <> c.currency THEN 'currency-differs'
    WHEN amount <= 0 OR amount > ${AMOUNT_MAX} THEN 'amount-wrong' END
$$;

CREATE OR REPLACE FUNCTION strata.taking_fault(d strata.account, amount bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN amount > d.credits_posted - d.debits_posted - d.debits_pending + d.overdraft THEN 'insufficient-funds' END
$$;

CREATE OR REPLACE FUNCTION strata.day_of(at bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT div(at, ${DAY_MILLISECONDS})::bigint $$;

CREATE OR REPLACE FUNCTION strata.card_fault(d strata.account, m jsonb, amount bigint, at bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  held jsonb;
  reason text := m->>'reason';
BEGIN
  IF reason = 'withdrawal' AND amount > d.withdrawal_max THEN RETURN 'over-withdrawal-limit'; END IF;
  IF m->>'card' IS NULL THEN RETURN NULL; END IF;
  SELECT value::jsonb INTO held FROM strata.document WHERE what = 'card' AND id = m->>'card';
  IF held IS NULL THEN RETURN 'no-such-card'; END IF;
  IF held->>'state' <> 'active' THEN RETURN 'card-blocked'; END IF;
  IF reason NOT IN ('withdrawal', 'transfer') THEN RETURN NULL; END IF;
  IF amount + coalesce((SELECT s.amount FROM strata.spent s WHERE s.card = m->>'card' AND s.day = strata.day_of(at)), 0)
    > (held->>'dayMax')::numeric THEN RETURN 'over-card-limit'; END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION strata.spend(m jsonb, amount bigint, at bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO strata.spent AS s (card, day, amount) VALUES (m->>'card', strata.day_of(at), amount)
  ON CONFLICT (card, day) DO UPDATE SET amount = s.amount + excluded.amount
$$;

-- What was not taken in the end counts no more against the day on which it was asked for.
CREATE OR REPLACE FUNCTION strata.give_back(given strata.entry, amount bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  asked strata.entry := given;
BEGIN
  IF given.kind = 'captured' THEN
    SELECT e.* INTO asked FROM strata.request r JOIN strata.entry e ON e.number = r.entry WHERE r.key = given.of;
  END IF;
  UPDATE strata.spent s SET amount = s.amount - give_back.amount
    FROM strata.request r WHERE asked.reason IN ('withdrawal', 'transfer') AND r.key = asked.key AND s.card = r.card AND s.day = strata.day_of(asked.at);
END $$;

-- Writes an entry, its postings and both accounts, which carry their new sums. Numbers of an account's entries grow: they are drawn under its lock.
CREATE OR REPLACE FUNCTION strata.enter(d strata.account, c strata.account, e strata.entry) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  moved bigint := CASE WHEN e.kind IN ('posted', 'captured') THEN e.amount ELSE 0 END;
BEGIN
  e.number := nextval('strata.entry_number');
  UPDATE strata.account SET debits_posted = d.debits_posted, debits_pending = d.debits_pending, last_at = e.at WHERE id = d.id;
  UPDATE strata.account SET credits_posted = c.credits_posted, credits_pending = c.credits_pending, last_at = e.at WHERE id = c.id;
  INSERT INTO strata.entry VALUES (e.*);
  INSERT INTO strata.posting VALUES
    (d.id, e.at, e.number, -moved, d.credits_posted - d.debits_posted), (c.id, e.at, e.number, moved, c.credits_posted - c.debits_posted);
  RETURN e.number;
END $$;

-- Enters, and answers with what came of it.
CREATE OR REPLACE FUNCTION strata.entered(d strata.account, c strata.account, e strata.entry, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
BEGIN
  entry := strata.enter(d, c, e);
  answer := '{"status":"ok","entry":' || entry || ',"amount":"' || e.amount || '","accounts":[' || strata.after(d) || ',' || strata.after(c)
    || '],"isFlagged":' || e.is_flagged || ',"version":null,"atMilliseconds":' || e.at || '}';
END $$;

-- With a lock that the batch has as a rule already; it may have been opened since.
CREATE OR REPLACE FUNCTION strata.locked(wanted text) RETURNS strata.account LANGUAGE sql AS
$$ SELECT a FROM strata.account a WHERE id = wanted FOR NO KEY UPDATE $$;
`;

const MOVING = `
CREATE OR REPLACE FUNCTION strata.do_transfer(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  m jsonb := command->'movement';
  wanted numeric := m->>'amount';
  taken bigint;
  d strata.account;
  c strata.account;
  fault text;
BEGIN
  SELECT * INTO d FROM strata.account WHERE id = m->>'debit' FOR NO KEY UPDATE;
  SELECT * INTO c FROM strata.account WHERE id = m->>'credit' FOR NO KEY UPDATE;
  at := greatest(at, d.last_at, c.last_at);
  fault := strata.movement_fault(d, c, wanted);
  IF fault IS NULL THEN
    taken := wanted;
    IF d.state <> 'open' OR c.state <> 'open' THEN fault := coalesce(strata.state_fault(d), strata.state_fault(c)); END IF;
    fault := coalesce(fault, strata.taking_fault(d, taken));
    IF fault IS NULL AND (d.withdrawal_max IS NOT NULL OR m->>'card' IS NOT NULL) THEN fault := strata.card_fault(d, m, taken, at); END IF;
  END IF;
  IF fault IS NOT NULL THEN
    answer := strata.refused(fault, at);
    RETURN;
  END IF;
  d.debits_posted := d.debits_posted + taken;
  c.credits_posted := c.credits_posted + taken;
  SELECT * INTO answer, entry FROM strata.entered(d, c,
    ROW(0, k, 'posted', d.id, c.id, taken, m->>'reason', m->>'reference', NULL, false, at)::strata.entry);
  IF m->>'card' IS NOT NULL AND m->>'reason' IN ('withdrawal', 'transfer') THEN PERFORM strata.spend(m, taken, at); END IF;
END $$;

CREATE OR REPLACE FUNCTION strata.do_advice(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  m jsonb := command->'movement';
  wanted numeric := m->>'amount';
  taken bigint;
  d strata.account := strata.locked(m->>'debit');
  c strata.account := strata.locked(m->>'credit');
  passed text;
BEGIN
  at := greatest(at, d.last_at, c.last_at);
  IF strata.movement_fault(d, c, wanted) IS NOT NULL THEN
    answer := strata.refused(strata.movement_fault(d, c, wanted), at);
    RETURN;
  END IF;
  taken := wanted;
  passed := coalesce(strata.state_fault(d), strata.state_fault(c), strata.taking_fault(d, taken), strata.card_fault(d, m, taken, at));
  d.debits_posted := d.debits_posted + taken;
  c.credits_posted := c.credits_posted + taken;
  SELECT * INTO answer, entry FROM strata.entered(d, c,
    ROW(0, k, 'posted', d.id, c.id, taken, m->>'reason', m->>'reference', NULL, passed IS NOT NULL, at)::strata.entry);
  IF m->>'card' IS NOT NULL AND m->>'reason' IN ('withdrawal', 'transfer') THEN PERFORM strata.spend(m, taken, at); END IF;
END $$;

CREATE OR REPLACE FUNCTION strata.do_reverse(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  reversed text := command->>'of';
  request strata.request;
  e strata.entry;
  d strata.account;
  c strata.account;
  wanted numeric := command->>'amount';
  is_flagged boolean;
BEGIN
  IF reversed = k THEN
    answer := strata.refused('nothing-to-reverse', at);
    RETURN;
  END IF;
  SELECT * INTO request FROM strata.request r WHERE r.key = reversed;
  IF request.key IS NULL THEN
    INSERT INTO strata.request (key, digest, answer, entry, is_reversed, kind, by, at)
      VALUES (reversed, '', strata.refused('reversed-before', at), NULL, false, 'barred', '', at);
    answer := strata.said('ok', 'null', '', 'null', at);
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM strata.hold h WHERE h.key = reversed) THEN
    SELECT * INTO answer, entry FROM strata.release(k, reversed, 'released', at);
    RETURN;
  END IF;
  SELECT * INTO e FROM strata.entry o WHERE o.number = request.entry;
  IF e.number IS NULL OR e.kind = 'released' THEN
    answer := strata.refused('nothing-to-reverse', at);
    RETURN;
  END IF;
  d := strata.locked(e.credit);
  c := strata.locked(e.debit);
  at := greatest(at, d.last_at, c.last_at);
  -- Read again: whoever reversed it meanwhile held the locks that we have now.
  IF (SELECT r.is_reversed FROM strata.request r WHERE r.key = reversed) THEN
    answer := strata.refused('reversed-already', at);
    RETURN;
  END IF;
  wanted := coalesce(wanted, e.amount);
  IF wanted <= 0 OR wanted > e.amount THEN
    answer := strata.refused('amount-wrong', at);
    RETURN;
  END IF;
  is_flagged := strata.taking_fault(d, wanted::bigint) IS NOT NULL;
  d.debits_posted := d.debits_posted + wanted;
  c.credits_posted := c.credits_posted + wanted;
  SELECT * INTO answer, entry FROM strata.entered(d, c,
    ROW(0, k, 'posted', d.id, c.id, wanted::bigint, 'reversal', command->>'cause', reversed, is_flagged, at)::strata.entry);
  UPDATE strata.request r SET is_reversed = true WHERE r.key = reversed;
  PERFORM strata.give_back(e, wanted::bigint);
END $$;
`;

const HOLDING = `
CREATE OR REPLACE FUNCTION strata.do_hold(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  m jsonb := command->'movement';
  wanted numeric := m->>'amount';
  expires numeric := command->>'expiresAtMilliseconds';
  taken bigint;
  d strata.account := strata.locked(m->>'debit');
  c strata.account := strata.locked(m->>'credit');
  fault text;
BEGIN
  at := greatest(at, d.last_at, c.last_at);
  fault := strata.movement_fault(d, c, wanted);
  IF fault IS NULL THEN
    taken := wanted;
    fault := coalesce(strata.state_fault(d), strata.state_fault(c), strata.taking_fault(d, taken), strata.card_fault(d, m, taken, at));
    IF fault IS NULL AND expires <= at THEN fault := 'hold-expired'; END IF;
  END IF;
  IF fault IS NOT NULL THEN
    answer := strata.refused(fault, at);
    RETURN;
  END IF;
  d.debits_pending := d.debits_pending + taken;
  c.credits_pending := c.credits_pending + taken;
  SELECT * INTO answer, entry FROM strata.entered(d, c,
    ROW(0, k, 'pending', d.id, c.id, taken, m->>'reason', m->>'reference', NULL, false, at)::strata.entry);
  INSERT INTO strata.hold VALUES (k, d.id, c.id, taken, expires, 'pending');
  IF m->>'card' IS NOT NULL AND m->>'reason' IN ('withdrawal', 'transfer') THEN PERFORM strata.spend(m, taken, at); END IF;
END $$;

-- Zero is posted where it is released.
CREATE OR REPLACE FUNCTION strata.end_hold(k text, h strata.hold, taken bigint, state text, at bigint, OUT answer text, OUT entry bigint)
LANGUAGE plpgsql AS $$
DECLARE
  d strata.account := strata.locked(h.debit);
  c strata.account := strata.locked(h.credit);
  e strata.entry;
BEGIN
  SELECT o.* INTO e FROM strata.request r JOIN strata.entry o ON o.number = r.entry WHERE r.key = h.key;
  PERFORM strata.give_back(e, h.amount - taken);
  d.debits_pending := d.debits_pending - h.amount;
  c.credits_pending := c.credits_pending - h.amount;
  d.debits_posted := d.debits_posted + taken;
  c.credits_posted := c.credits_posted + taken;
  e.key := k;
  e.kind := CASE taken WHEN 0 THEN 'released' ELSE 'captured' END;
  e.amount := CASE taken WHEN 0 THEN h.amount ELSE taken END;
  e.of := h.key;
  e.at := at;
  SELECT * INTO answer, entry FROM strata.entered(d, c, e);
  UPDATE strata.hold SET state = end_hold.state WHERE key = h.key;
END $$;

-- The hold as it stands under the locks of its accounts.
CREATE OR REPLACE FUNCTION strata.hold_locked(wanted text) RETURNS strata.hold LANGUAGE plpgsql AS $$
DECLARE
  h strata.hold;
BEGIN
  SELECT * INTO h FROM strata.hold WHERE key = wanted;
  PERFORM FROM strata.account WHERE id IN (h.debit, h.credit) ORDER BY id FOR NO KEY UPDATE;
  SELECT * INTO h FROM strata.hold WHERE key = wanted;
  RETURN h;
END $$;

CREATE OR REPLACE FUNCTION strata.moment_after(h strata.hold, at bigint) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT greatest(at, max(last_at)) FROM strata.account WHERE id IN (h.debit, h.credit) $$;

CREATE OR REPLACE FUNCTION strata.do_capture(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  h strata.hold := strata.hold_locked(command->>'hold');
  wanted numeric := command->>'amount';
  fault text;
BEGIN
  at := strata.moment_after(h, at);
  fault := CASE
    WHEN h.key IS NULL THEN 'no-such-hold'
    WHEN h.state <> 'pending' THEN 'hold-ended'
    WHEN h.expires_at <= at THEN 'hold-expired'
    WHEN wanted <= 0 THEN 'amount-wrong'
    WHEN wanted > h.amount THEN 'over-hold' END;
  IF fault IS NOT NULL THEN
    answer := strata.refused(fault, at);
    RETURN;
  END IF;
  SELECT * INTO answer, entry FROM strata.end_hold(k, h, wanted::bigint, 'captured', at);
END $$;

CREATE OR REPLACE FUNCTION strata.release(k text, wanted text, state text, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  h strata.hold := strata.hold_locked(wanted);
  fault text;
BEGIN
  at := strata.moment_after(h, at);
  fault := CASE
    WHEN h.key IS NULL THEN 'no-such-hold'
    WHEN h.state <> 'pending' THEN 'hold-ended'
    WHEN state = 'expired' AND h.expires_at > at THEN 'hold-not-due' END;
  IF fault IS NOT NULL THEN
    answer := strata.refused(fault, at);
    RETURN;
  END IF;
  SELECT * INTO answer, entry FROM strata.end_hold(k, h, 0, state, at);
END $$;

CREATE OR REPLACE FUNCTION strata.do_release(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE sql AS
$$ SELECT * FROM strata.release(k, command->>'hold', 'released', at) $$;

CREATE OR REPLACE FUNCTION strata.do_expire(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE sql AS
$$ SELECT * FROM strata.release(k, command->>'hold', 'expired', at) $$;
`;

export const MONEY_COMMANDS: string = COMMON + MOVING + HOLDING;
