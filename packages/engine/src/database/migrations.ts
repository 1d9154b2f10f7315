/** A change of our schema; once released it never changes. */
export interface Migration {
  readonly number: number;
  readonly sql: string;
}

/** Our tables, beside those that DBOS keeps in a schema of its own. */
export const migrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      -- A worker that runs. Its lease is the counter \`beat\`: others watch it grow, by their own clocks.
      CREATE TABLE lotse.leases (
        executor text PRIMARY KEY,
        host text NOT NULL,
        process jsonb NOT NULL,
        beat bigint NOT NULL DEFAULT 0,
        started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        ended_at timestamptz
      );

      CREATE TABLE lotse.rollouts (
        id text PRIMARY KEY,
        -- The order in which rollouts of the same tenant get their turn.
        position bigint GENERATED ALWAYS AS IDENTITY,
        environment text NOT NULL,
        plan jsonb NOT NULL,
        actor jsonb NOT NULL,
        state text NOT NULL DEFAULT 'queued',
        -- Counts how often it was retried.
        run integer NOT NULL DEFAULT 1,
        -- Grows with every change that \`status\` shows.
        revision bigint NOT NULL DEFAULT 1,
        pause_asked boolean NOT NULL DEFAULT false,
        abort_asked boolean NOT NULL DEFAULT false,
        reason text,
        outcomes jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        enqueued_run integer NOT NULL DEFAULT 0,
        started_at timestamptz,
        ended_at timestamptz
      );
      CREATE INDEX rollouts_open ON lotse.rollouts (position) WHERE ended_at IS NULL;

      CREATE TABLE lotse.rollout_tenants (
        rollout text NOT NULL REFERENCES lotse.rollouts ON DELETE CASCADE,
        tenant text NOT NULL,
        PRIMARY KEY (rollout, tenant)
      );

      -- Who may touch a tenant's environment. The fence grows each time it is taken, and is never reset.
      CREATE TABLE lotse.locks (
        environment text NOT NULL,
        tenant text NOT NULL,
        fence bigint NOT NULL DEFAULT 0,
        rollout text,
        executor text,
        token text,
        taken_at timestamptz,
        PRIMARY KEY (environment, tenant)
      );

      CREATE TABLE lotse.steps (
        rollout text NOT NULL REFERENCES lotse.rollouts ON DELETE CASCADE,
        key text NOT NULL,
        run integer NOT NULL,
        tenant text NOT NULL,
        ordinal integer NOT NULL,
        name text NOT NULL,
        state text NOT NULL,
        attempts integer NOT NULL DEFAULT 1,
        token text,
        -- What is left of a pause, in milliseconds.
        remaining_ms bigint,
        result jsonb,
        started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        ended_at timestamptz,
        PRIMARY KEY (rollout, key)
      );

      -- Transactions that took effect, for those whose answer was lost; a day is long enough.
      CREATE TABLE lotse.transactions (
        token uuid PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );

      CREATE TABLE lotse.approvals (
        rollout text NOT NULL REFERENCES lotse.rollouts ON DELETE CASCADE,
        gate text NOT NULL,
        run integer NOT NULL,
        actor jsonb NOT NULL,
        approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (rollout, gate, run)
      );
    `,
  },
  {
    number: 2,
    sql: `
      -- The audit log: lines and hashes as they are, in the order of the tree.
      CREATE TABLE lotse.audit_log (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        origin text NOT NULL,
        public_key text NOT NULL,
        checkpoint text NOT NULL,
        -- Another one after each change, so that a writer knows whether somebody else has written.
        generation text NOT NULL
      );
      CREATE TABLE lotse.audit_entries (index bigint PRIMARY KEY, time text NOT NULL, line text NOT NULL);
      CREATE TABLE lotse.audit_hashes (position bigint PRIMARY KEY, hash bytea NOT NULL);
      CREATE TABLE lotse.audit_sequences (commitment text PRIMARY KEY, sequence bigint NOT NULL);
      CREATE TABLE lotse.audit_actors (
        commitment text PRIMARY KEY,
        kind text NOT NULL,
        id text NOT NULL,
        salt text NOT NULL,
        UNIQUE (kind, id)
      );
      CREATE TABLE lotse.audit_personal (
        entry bigint NOT NULL,
        commitment text NOT NULL,
        subject text NOT NULL,
        name text NOT NULL,
        value text NOT NULL,
        salt text NOT NULL,
        PRIMARY KEY (entry, name)
      );
      CREATE INDEX audit_personal_subject ON lotse.audit_personal (subject);

      -- Entries written with the change they tell of, waiting for their place in the tree.
      CREATE TABLE lotse.audit_outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event jsonb NOT NULL,
        refused text
      );
    `,
  },
  {
    number: 3,
    sql: `
      -- What is wanted is stored; what it means for a tenant is planned when the tenant's turn has come.
      ALTER TABLE lotse.rollouts RENAME COLUMN plan TO request;
      CREATE TABLE lotse.plans (
        rollout text NOT NULL REFERENCES lotse.rollouts ON DELETE CASCADE,
        run integer NOT NULL,
        tenant text NOT NULL,
        plan jsonb NOT NULL,
        PRIMARY KEY (rollout, run, tenant)
      );
      ALTER TABLE lotse.steps
        ADD COLUMN kind text NOT NULL DEFAULT 'act',
        -- How often it failed by what may pass, and by what it failed last, while it is tried again.
        ADD COLUMN failures integer NOT NULL DEFAULT 0,
        ADD COLUMN error text;
      DROP TABLE lotse.approvals;
      CREATE TABLE lotse.approvals (
        rollout text NOT NULL REFERENCES lotse.rollouts ON DELETE CASCADE,
        run integer NOT NULL,
        tenant text NOT NULL,
        gate text NOT NULL,
        actor jsonb NOT NULL,
        approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (rollout, run, tenant, gate)
      );
      CREATE INDEX rollouts_ended ON lotse.rollouts (ended_at) WHERE ended_at IS NOT NULL;
      CREATE INDEX rollout_tenants_tenant ON lotse.rollout_tenants (tenant);
      -- What each tenant runs, for workers that share no disk.
      CREATE TABLE lotse.deployments (
        environment text NOT NULL,
        tenant text NOT NULL,
        record jsonb NOT NULL,
        PRIMARY KEY (environment, tenant)
      );
      -- Releases and their objects, for the same; a record is kept byte for byte.
      CREATE TABLE lotse.releases (
        id text PRIMARY KEY,
        version text NOT NULL UNIQUE,
        record text NOT NULL,
        -- Its signature; null where nobody signed it.
        envelope text,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE TABLE lotse.release_objects (
        release text NOT NULL REFERENCES lotse.releases ON DELETE CASCADE,
        digest text NOT NULL,
        PRIMARY KEY (release, digest)
      );
      CREATE TABLE lotse.objects (
        digest text NOT NULL,
        part integer NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (digest, part)
      );
      -- An object is there when all its parts are.
      CREATE TABLE lotse.object_sizes (digest text PRIMARY KEY, size bigint NOT NULL, parts integer NOT NULL);
    `,
  },
  {
    number: 4,
    sql: `
      -- Which database this is: fences of another one, even in the same place, cannot be compared with its own.
      CREATE TABLE lotse.identity (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        id uuid NOT NULL DEFAULT gen_random_uuid()
      );
      INSERT INTO lotse.identity DEFAULT VALUES;
    `,
  },
  {
    number: 5,
    sql: `
      -- Takes the locks of all tenants of a rollout, or none of them, with a fence for each: one way to the server
      -- and back. Each statement of a function sees what was committed before it.
      CREATE FUNCTION lotse.take_turn(wanted text, its_run integer, by_executor text, by_token text)
      RETURNS jsonb LANGUAGE plpgsql AS $turn$
      DECLARE
        its record;
        held boolean;
      BEGIN
        SELECT environment, position, run, ended_at INTO its FROM lotse.rollouts WHERE id = wanted FOR UPDATE;
        -- An earlier run may be taken up again when its rollout was retried: it must not touch the later one.
        IF NOT FOUND OR its.ended_at IS NOT NULL OR its.run <> its_run THEN
          RETURN jsonb_build_object('is', 'ended');
        END IF;
        SELECT EXISTS (SELECT FROM lotse.locks WHERE rollout = wanted) INTO held;
        -- Who holds its locks has had its turn, also where an older rollout was retried meanwhile.
        IF NOT held AND EXISTS (
          SELECT FROM lotse.rollouts other
          JOIN lotse.rollout_tenants theirs ON theirs.rollout = other.id
          JOIN lotse.rollout_tenants ours ON ours.tenant = theirs.tenant AND ours.rollout = wanted
          WHERE other.ended_at IS NULL AND other.environment = its.environment AND other.position < its.position
        ) THEN
          RETURN jsonb_build_object('is', 'wait');
        END IF;
        INSERT INTO lotse.locks (environment, tenant)
          SELECT its.environment, tenant FROM lotse.rollout_tenants WHERE rollout = wanted ORDER BY tenant
          ON CONFLICT DO NOTHING;
        -- In one order, so that two never wait for each other.
        PERFORM FROM lotse.locks
          WHERE environment = its.environment
            AND tenant IN (SELECT tenant FROM lotse.rollout_tenants WHERE rollout = wanted)
          ORDER BY tenant FOR UPDATE;
        IF EXISTS (
          SELECT FROM lotse.locks
          WHERE environment = its.environment AND rollout <> wanted
            AND tenant IN (SELECT tenant FROM lotse.rollout_tenants WHERE rollout = wanted)
        ) THEN
          RETURN jsonb_build_object('is', 'wait');
        END IF;
        UPDATE lotse.locks SET rollout = wanted, executor = by_executor, token = by_token,
            fence = fence + (token IS DISTINCT FROM by_token)::int,
            taken_at = CASE WHEN rollout IS NULL THEN clock_timestamp() ELSE taken_at END
          WHERE environment = its.environment
            AND tenant IN (SELECT tenant FROM lotse.rollout_tenants WHERE rollout = wanted);
        UPDATE lotse.rollouts SET state = 'running', reason = NULL, revision = revision + 1,
            started_at = coalesce(started_at, clock_timestamp())
          WHERE id = wanted AND state IN ('queued', 'stuck');
        RETURN (
          SELECT jsonb_build_object('is', 'held', 'fences', jsonb_object_agg(tenant, fence))
          FROM lotse.locks WHERE rollout = wanted AND token = by_token
        );
      END $turn$;
    `,
  },
  {
    number: 6,
    sql: `
      -- The first run that the engine gave up since the rollout last came to an end: what it left is not undone yet.
      ALTER TABLE lotse.rollouts ADD COLUMN left_run integer;
    `,
  },
  {
    number: 7,
    sql: `
      -- Nobody searches in it, so it need not be taken apart at each insert.
      ALTER TABLE lotse.audit_outbox ALTER COLUMN event TYPE json;
    `,
  },
];
