/**
 * More of the ledger in PL/pgSQL (`postgres-procedures.ts`): interest by the rules of `interest.ts`, accounts, documents, and which server
 * may write.
 */
import { DAY_MILLISECONDS } from "./deciding.ts";
import { MILLIONTHS } from "./money.ts";

const INTEREST = `
-- The books of interest that accrues; made as they are needed.
CREATE OR REPLACE FUNCTION strata.accrual_accounts(currency text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['cost:u' || currency, 'payable:u' || currency, 'paid:u' || currency, 'residue:u' || currency, 'interest:' || currency]
$$;

CREATE OR REPLACE FUNCTION strata.move_interest(k text, debit text, credit text, amount bigint, reference text, at bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  d strata.account;
  c strata.account;
BEGIN
  INSERT INTO strata.account SELECT id, NULL, 'internal', substring(id from '[^:]*$'), 'open', NULL, NULL, 0, 0, 0, 0, 0, 0
    FROM unnest(ARRAY[debit, credit]) id ORDER BY id COLLATE "C" ON CONFLICT DO NOTHING;
  d := strata.locked(debit);
  c := strata.locked(credit);
  d.debits_posted := d.debits_posted + amount;
  c.credits_posted := c.credits_posted + amount;
  PERFORM strata.enter(d, c, ROW(0, k, 'posted', debit, credit, amount, 'interest', reference, NULL, false, at)::strata.entry);
END $$;

-- After the last entry of the account and of the books of interest, whose locks it has then.
CREATE OR REPLACE FUNCTION strata.interest_moment(a strata.account, at bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT greatest(at, max(last_at)) FROM (
    SELECT last_at FROM strata.account WHERE id = ANY (strata.accrual_accounts(a.currency) || a.id) ORDER BY id FOR NO KEY UPDATE) AS those
$$;

CREATE OR REPLACE FUNCTION strata.do_accrue(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  a strata.account := strata.locked(command->>'account');
  wanted bigint := command->>'day';
  balance bigint;
  accrued bigint;
  fault text;
BEGIN
  IF a.id IS NOT NULL THEN at := strata.interest_moment(a, at); END IF;
  fault := CASE
    WHEN a.id IS NULL THEN 'no-such-account'
    WHEN a.state = 'closed' THEN 'account-closed'
    WHEN wanted >= strata.day_of(at) THEN 'day-not-over'
    WHEN EXISTS (SELECT FROM strata.accrual x WHERE x.account = a.id AND x.day = wanted) THEN 'accrued-already' END;
  IF fault IS NOT NULL THEN
    answer := strata.refused(fault, at);
    RETURN;
  END IF;
  SELECT p.balance INTO balance FROM strata.posting p
    WHERE p.account = a.id AND p.at < (wanted + 1) * ${DAY_MILLISECONDS} ORDER BY p.at DESC, p.entry DESC LIMIT 1;
  accrued := CASE WHEN balance > 0 THEN div(balance::numeric * a.interest, 365) ELSE 0 END;
  IF accrued <> 0 THEN
    PERFORM strata.move_interest(k, 'cost:u' || a.currency, 'payable:u' || a.currency, accrued, a.id, at);
  END IF;
  INSERT INTO strata.accrual VALUES (a.id, wanted, accrued, false);
  -- A day that has accrued stays over, for whoever's clock is behind too.
  UPDATE strata.account SET last_at = at WHERE id = a.id;
  answer := strata.said('ok', '"' || accrued || '"', '', 'null', at);
END $$;

CREATE OR REPLACE FUNCTION strata.do_pay_interest(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  a strata.account := strata.locked(command->>'account');
  before bigint := command->>'beforeDay';
  accrued bigint;
  whole bigint;
  fault text;
BEGIN
  IF a.id IS NOT NULL THEN
    at := strata.interest_moment(a, at);
    SELECT coalesce(sum(amount), 0) INTO accrued FROM strata.accrual x WHERE x.account = a.id AND x.day < before AND NOT x.is_paid;
  END IF;
  fault := CASE
    WHEN a.id IS NULL THEN 'no-such-account'
    WHEN a.state = 'closed' THEN 'account-closed'
    WHEN accrued = 0 THEN 'nothing-accrued' END;
  IF fault IS NOT NULL THEN
    answer := strata.refused(fault, at);
    RETURN;
  END IF;
  whole := accrued / ${MILLIONTHS};
  IF accrued % ${MILLIONTHS} > 0 THEN
    PERFORM strata.move_interest(k, 'payable:u' || a.currency, 'residue:u' || a.currency, accrued % ${MILLIONTHS}, a.id, at);
  END IF;
  IF whole > 0 THEN
    PERFORM strata.move_interest(k, 'payable:u' || a.currency, 'paid:u' || a.currency, whole * ${MILLIONTHS}, a.id, at);
    PERFORM strata.move_interest(k, 'interest:' || a.currency, a.id, whole, 'interest', at);
  END IF;
  UPDATE strata.accrual x SET is_paid = true WHERE x.account = a.id AND x.day < before AND NOT x.is_paid;
  answer := strata.said('ok', '"' || whole || '"', strata.after(strata.locked(a.id)), 'null', at);
END $$;
`;

const KEEPING = `
CREATE OR REPLACE FUNCTION strata.are_terms_wrong(terms jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT least((terms->>'overdraft')::numeric, (terms->>'withdrawalMax')::numeric, (terms->>'interestMillionths')::numeric) < 0 $$;

CREATE OR REPLACE FUNCTION strata.do_open_account(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  n jsonb := command->'account';
  a strata.account;
BEGIN
  IF strata.are_terms_wrong(n) THEN
    answer := strata.refused(CASE WHEN EXISTS (SELECT FROM strata.account o WHERE o.id = n->>'id') THEN 'account-exists' ELSE 'amount-wrong' END, at);
    RETURN;
  END IF;
  a := ROW(n->>'id', n->>'holder', n->>'kind', n->>'currency', 'open', n->>'overdraft', n->>'withdrawalMax', n->>'interestMillionths', 0, 0, 0, 0, at);
  INSERT INTO strata.account VALUES (a.*) ON CONFLICT DO NOTHING;
  answer := CASE WHEN FOUND THEN strata.said('ok', 'null', strata.after(a), 'null', at) ELSE strata.refused('account-exists', at) END;
END $$;

CREATE OR REPLACE FUNCTION strata.do_set_account(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  a strata.account := strata.locked(command->>'account');
  owed bigint := 0;
  fault text;
BEGIN
  IF command->>'state' = 'closed' AND a.id IS NOT NULL THEN
    at := strata.interest_moment(a, at);
    SELECT coalesce(sum(amount), 0) INTO owed FROM strata.accrual x
      WHERE x.account = a.id AND x.day < strata.day_of(at) AND NOT x.is_paid;
  END IF;
  fault := CASE
    WHEN a.id IS NULL THEN 'no-such-account'
    WHEN a.state = 'closed' THEN 'account-closed'
    WHEN strata.are_terms_wrong(command) THEN 'amount-wrong'
    WHEN command->>'state' = 'closed' AND (strata.balance(a) <> 0 OR a.debits_pending <> 0 OR a.credits_pending <> 0) THEN 'account-in-use'
    WHEN owed >= ${MILLIONTHS} THEN 'interest-unpaid' END;
  IF fault IS NOT NULL THEN
    answer := strata.refused(fault, at);
    RETURN;
  END IF;
  -- Less than a minor unit cannot be paid.
  IF owed > 0 THEN
    PERFORM strata.move_interest(k, 'payable:u' || a.currency, 'residue:u' || a.currency, owed, a.id, at);
    UPDATE strata.accrual x SET is_paid = true WHERE x.account = a.id AND x.day < strata.day_of(at) AND NOT x.is_paid;
  END IF;
  UPDATE strata.account SET state = command->>'state', overdraft = (command->>'overdraft')::bigint,
    withdrawal_max = (command->>'withdrawalMax')::bigint, interest = (command->>'interestMillionths')::bigint
    WHERE id = a.id RETURNING * INTO a;
  answer := strata.said('ok', 'null', strata.after(a), 'null', at);
END $$;

CREATE OR REPLACE FUNCTION strata.do_set(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
DECLARE
  kind text := command->>'what';
  named text := command->>'id';
  was strata.document;
  before bigint;
BEGIN
  SELECT * INTO was FROM strata.document d WHERE d.what = kind AND d.id = named;
  before := coalesce(was.version, 0);
  IF (command->>'ifVersion')::bigint <> (CASE WHEN was.value = 'null' THEN 0 ELSE before END) THEN
    answer := strata.refused('changed-meanwhile', at);
    RETURN;
  END IF;
  -- Of these nothing is left (document.ts).
  IF command->>'value' IS NULL AND kind = 'ended-session' THEN
    DELETE FROM strata.document d WHERE d.what = kind AND d.id = named;
    answer := strata.said('ok', 'null', '', (before + 1)::text, at);
    RETURN;
  END IF;
  INSERT INTO strata.document
    VALUES (kind, named, before + 1, coalesce(command->>'value', 'null'), (command->'value'->>'nextDay')::bigint)
    ON CONFLICT (what, id) DO UPDATE SET version = excluded.version, value = excluded.value, due = excluded.due;
  answer := strata.said('ok', 'null', '', (before + 1)::text, at);
END $$;

CREATE OR REPLACE FUNCTION strata.do_take_over(k text, command jsonb, at bigint, OUT answer text, OUT entry bigint) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE strata.meta SET value = (command->>'epoch')::bigint WHERE name = 'epoch' AND value < (command->>'epoch')::bigint;
  answer := CASE WHEN FOUND THEN strata.said('ok', 'null', '', 'null', at) ELSE strata.refused('stale-epoch', at) END;
END $$;
`;

export const KEEPING_COMMANDS: string = INTEREST + KEEPING;
