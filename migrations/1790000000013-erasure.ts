import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who an event speaks of is written down when it is published, so that erasing a person finds it whatever was deleted,
 * merged or unlinked since. Filled for what is there as far as the rows tell: a million events take half a minute, and
 * nobody waits for that.
 */
export class Erasure1790000000013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- People that an event speaks of: contacts, and by digests the addresses of those who may be none.
      -- In partitions as the events are, and kept until the last answer to them is gone.
      create table event_subjects (
        event_id text collate "C" not null,
        subject_id text collate "C" not null,
        primary key (event_id, subject_id)
      ) partition by range (event_id);
      create table event_subjects_default partition of event_subjects default;
      create index event_subjects_subject on event_subjects (subject_id, event_id);

      do $$
      declare
        part record;
      begin
        for part in
          select c.relname, pg_get_expr(c.relpartbound, c.oid) as bound
          from pg_inherits i join pg_class c on c.oid = i.inhrelid
          where i.inhparent = 'events'::regclass and c.relname <> 'events_default'
        loop
          execute format('create table %I partition of event_subjects %s',
            replace(part.relname, 'events_', 'event_subjects_'), part.bound);
        end loop;
      end $$;

      insert into event_subjects (event_id, subject_id)
      select e.id, e.subject_id from events e where e.type like 'contact.%'
      union all
      select e.id, s.contact_id from events e join submissions s on s.id = e.subject_id
      where e.type like 'submission.%' and s.contact_id is not null;
    `);
    // Of a submission that is gone, or that nobody is linked to: every answer that looks like an address.
    await runner.query(`
      insert into event_subjects (event_id, subject_id)
      select distinct e.id, ${digestOf('e.workspace_id', addressIn('answer.value'))}
      from events e left join submissions s on s.id = e.subject_id
      cross join lateral (select e.body::json #> '{data,submission,data}' as data) told
      cross join lateral json_each_text(case when json_typeof(told.data) = 'object' then told.data end) answer
      where e.type like 'submission.%' and s.contact_id is null and ${addressIn('answer.value')} is not null
    `);
    // Others wait for these until the commit.
    await runner.query(`
      -- What was said of the one counts as said of the other, which is never itself in the first column.
      create table moved_subjects (
        from_id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        into_id text collate "C" not null
      );
      create index moved_subjects_into on moved_subjects (into_id);

      create table erasures (
        id text collate "C" primary key,
        workspace_id text collate "C" not null references workspaces on delete cascade,
        contact_id text collate "C" not null,
        with_submissions boolean not null,
        status text not null check (status in ('RUNNING', 'DONE')),
        events integer not null default 0,
        attempts integer not null default 0,
        submissions integer not null default 0,
        messages integer not null default 0,
        records integer not null default 0,
        idempotency_records integer not null default 0,
        created_at timestamptz(3) not null,
        stepped_at timestamptz(3) not null,
        finished_at timestamptz(3)
      );
      create index erasures_workspace on erasures (workspace_id, id);
      create index erasures_running on erasures (stepped_at) where status = 'RUNNING';
      create index erasures_finished on erasures (finished_at) where status = 'DONE';

      -- Of erasures that run: what speaks of these shows nothing, though not all of it is blank yet.
      create table erasing_subjects (
        subject_id text collate "C" not null,
        erasure_id text collate "C" not null references erasures on delete cascade,
        -- What is said of the subject later is not erased: an address may be somebody's again.
        last_event_id text collate "C" not null,
        -- Of the events that happened to the subject itself, the last that was blanked.
        reached text collate "C" not null default '~',
        with_submissions boolean not null,
        primary key (subject_id, erasure_id)
      );
      create index erasing_subjects_erasure on erasing_subjects (erasure_id);

      -- A function, so that nothing of it is planned or opened while nobody is being erased.
      create function is_being_erased(the_event_id text, the_subject_id text) returns boolean
      language plpgsql stable as $$
      begin
        return exists (
          select from erasing_subjects x where x.subject_id = the_subject_id and x.last_event_id >= the_event_id
        ) or exists (
          select from event_subjects s join erasing_subjects x on x.subject_id = s.subject_id
          where s.event_id = the_event_id and x.last_event_id >= the_event_id
        );
      end $$;

      create index idempotency_records_subjects on idempotency_records using gin (subjects);

      -- Set while the rest of an erasure runs: the contact is gone for everybody else.
      alter table contacts add column erased_at timestamptz(3);

      -- Of a merged duplicate: the person is found by them, too.
      create table contact_addresses (
        workspace_id text collate "C" not null references workspaces on delete cascade,
        kind text not null check (kind in ('email', 'phone')),
        address text not null,
        contact_id text collate "C" not null references contacts on delete cascade,
        primary key (workspace_id, kind, address)
      );
      create index contact_addresses_contact on contact_addresses (contact_id);

      -- Digests of the addresses that the answers name, while no contact is linked.
      alter table submissions add column addresses text[];
    `);
    // The first e-mail and the first phone of the form, as contacts are found.
    await runner.query(`
      update submissions s set addresses = found.ids
      from (
        select s.id, array(
          select distinct on (field.item ->> 'type') ${digestOf('s.workspace_id', addressIn("s.data ->> (field.item ->> 'name')"))}
          from json_array_elements(b.schema) with ordinality field (item, place)
          where field.item ->> 'type' in ('email', 'phone')
            and ${addressIn("s.data ->> (field.item ->> 'name')")} is not null
          order by field.item ->> 'type', field.place
        ) as ids
        from submissions s join intake_bots b on b.id = s.intake_bot_id
        where s.contact_id is null and json_typeof(s.data) = 'object' and json_typeof(b.schema) = 'array'
      ) found
      where s.id = found.id and found.ids <> '{}'
    `);
    await runner.query(
      'create index submissions_addresses on submissions using gin (addresses) where addresses is not null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index idempotency_records_subjects;
      alter table submissions drop column addresses;
      delete from contacts where erased_at is not null;
      alter table contacts drop column erased_at;
      drop function is_being_erased;
      drop table contact_addresses, erasing_subjects, erasures, moved_subjects, event_subjects;
    `);
  }
}

/** In the form in which the addresses of contacts are kept, as far as SQL can tell; null for what is none. */
const addressIn = (value: string) => `
  case
    when length(${value}) > 254 then null
    when ${value} ~ '^\\s*\\S+@\\S+\\s*$' then lower(btrim(${value}, E' \\t\\r\\n'))
    when ${value} ~ '^\\s*\\+[0-9 ()./-]+$' then regexp_replace(${value}, '[^+0-9]', '', 'g')
  end
`;

/** As `addressSubject` makes it. */
const digestOf = (workspaceId: string, address: string) =>
  `'@' || left(encode(sha256(convert_to(${workspaceId} || E'\\n' || ${address}, 'UTF8')), 'hex'), 32)`;
