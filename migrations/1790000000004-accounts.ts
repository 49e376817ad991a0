import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Accounts1790000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The key before the last rotation works until then.
      alter table api_keys
        add column previous_hash bytea constraint api_keys_previous_hash unique,
        add column previous_until timestamptz(3),
        add check ((previous_hash is null) = (previous_until is null));

      create table sessions (
        id text collate "C" primary key,
        hash bytea not null constraint sessions_hash unique,
        user_id text collate "C" not null references users on delete cascade,
        created_at timestamptz(3) not null,
        last_used_at timestamptz(3) not null
      );
      create index sessions_user on sessions (user_id);

      create table invitations (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        hash bytea not null constraint invitations_hash unique,
        email text not null,
        role text not null check (role in ('OWNER', 'ADMIN', 'MEMBER')),
        invited_by text collate "C" not null,
        created_at timestamptz(3) not null,
        expires_at timestamptz(3) not null,
        constraint invitations_email unique (workspace_id, email)
      );

      -- In the form that rate-limiter-flexible writes.
      create table sign_in_tries (
        key varchar(255) primary key,
        points integer not null default 0,
        expire bigint
      );

      -- The end of a workspace's chain; its lock makes the chain one. Signed, so that a cut end is noticed.
      create table audit_chains (
        workspace_id text collate "C" primary key references workspaces on delete cascade,
        length bigint not null,
        last_at timestamptz(3) not null,
        last_mac text not null,
        mac text not null
      );

      create table audit_entries (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        number bigint not null,
        created_at timestamptz(3) not null,
        actor_kind text not null,
        actor_id text not null,
        address text,
        action text not null,
        subject_id text not null,
        details json not null,
        mac text not null,
        constraint audit_entries_number unique (workspace_id, number)
      );
      create index audit_entries_workspace on audit_entries (workspace_id, id);
    `);
    await runner.query(`
      -- What each process took of a subject's points. It need not survive a crash: every process tells all it spent
      -- within the window whenever it asks for more.
      create unlogged table rate_limit_shares (
        subject text collate "C" not null,
        process uuid not null,
        -- Of what one process sends, the later.
        turn bigint not null,
        -- What the process may still spend without asking, until then.
        reserved integer not null,
        reserved_until_ms bigint not null,
        -- What it spent, and when that leaves the window.
        spent integer[] not null,
        spent_until_ms bigint[] not null,
        -- When nothing of it counts any more.
        ends_ms bigint not null,
        primary key (subject, process)
      ) with (fillfactor = 50);

      -- A function, so that one round trip takes the lock, and looks only after it has the lock.
      create function reserve_rate_limit(
        the_subject text, the_process uuid, the_turn bigint, the_limit integer, window_ms integer, lease_ms integer,
        needed integer, own_spent integer[], own_left_ms integer[],
        out granted integer, out reserved_by_others integer, out others_spent integer[], out others_left_ms integer[]
      ) language plpgsql as $$
      declare
        now_ms bigint;
        free integer;
      begin
        perform pg_advisory_xact_lock(hashtextextended(the_subject, 4));
        now_ms := extract(epoch from clock_timestamp()) * 1000;
        select coalesce(sum(s.reserved) filter (where s.reserved_until_ms > now_ms), 0) into reserved_by_others
        from rate_limit_shares s where s.subject = the_subject and s.process <> the_process;
        select coalesce(array_agg(t.points order by t.until_ms), '{}'),
          coalesce(array_agg((t.until_ms - now_ms)::integer order by t.until_ms), '{}')
        into others_spent, others_left_ms
        from (
          select u.points, u.until_ms
          from rate_limit_shares s cross join unnest(s.spent, s.spent_until_ms) as u (points, until_ms)
          where s.subject = the_subject and s.process <> the_process
          union all
          -- Nobody came back to say how much of it was spent: then all of it, and at the last moment.
          select s.reserved, s.reserved_until_ms + window_ms
          from rate_limit_shares s
          where s.subject = the_subject and s.process <> the_process and s.reserved > 0
            and s.reserved_until_ms <= now_ms
        ) t where t.until_ms > now_ms;
        free := the_limit - reserved_by_others
          - (select coalesce(sum(points), 0) from unnest(others_spent || own_spent) as points);
        -- An eighth of what is free: far from the limit few ask, and near it little lies idle.
        granted := greatest(0, least(free, greatest(needed, free / 8)));
        insert into rate_limit_shares as s
        values (
          the_subject, the_process, the_turn, granted, now_ms + lease_ms, own_spent,
          array(select now_ms + left_ms from unnest(own_left_ms) with ordinality as l (left_ms, n) order by n),
          now_ms + lease_ms + window_ms
        )
        on conflict (subject, process) do update
        set turn = excluded.turn, reserved = excluded.reserved, reserved_until_ms = excluded.reserved_until_ms,
          spent = excluded.spent, spent_until_ms = excluded.spent_until_ms, ends_ms = excluded.ends_ms
        where s.turn < excluded.turn;
        if not found then granted := 0; end if;
      end $$;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function reserve_rate_limit;
      drop table rate_limit_shares, audit_entries, audit_chains, sign_in_tries, invitations, sessions;
      alter table api_keys drop column previous_hash, drop column previous_until;
    `);
  }
}
