// PostGraphile's create: what ours writes, as a function in PostgreSQL, which it makes a mutation of. One round trip.
const newId = (kind) => `
  'c' || lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 11, '0') || '${kind}' ||
    left(replace(gen_random_uuid()::text, '-', ''), 12)
`;
const publish = (type, name, object) => `
  event_id := 'evt_' || ${newId('e')};
  insert into events (id, workspace_id, type, subject_id, body, created_at)
  values (event_id, bot.workspace_id, '${type}', ${object}.id, json_build_object('id', event_id, 'type', '${type}',
    'created_at', now(), 'data', json_build_object('${name}', row_to_json(${object})))::text, now());
  insert into pgboss.job (id, name, data, created_on, start_after, keep_until, policy)
  values (gen_random_uuid(), 'webhook-fan-out', json_build_object('eventId', event_id), now(), now(),
    now() + interval '14 days', 'standard');
`;

export const submitFunction = `
  create function submit(bot_id text, answers json) returns submissions language plpgsql as $$
  declare
    bot intake_bots;
    contact contacts;
    submission submissions;
    event_id text;
  begin
    select * into bot from intake_bots where id = bot_id;
    select * into contact from contacts
    where workspace_id = bot.workspace_id and (email = answers->>'email' or phone = answers->>'phone')
    order by id limit 1;
    if contact.id is null then
      insert into contacts (id, workspace_id, email, phone, first_name, last_name, created_at, updated_at)
      values (${newId('p')}, bot.workspace_id, answers->>'email', answers->>'phone',
        split_part(answers->>'full_name', ' ', 1), split_part(answers->>'full_name', ' ', 2), now(), now())
      returning * into contact;
      ${publish('contact.created', 'contact', 'contact')}
    end if;
    insert into submissions (id, workspace_id, intake_bot_id, contact_id, data, status, is_test, file_count,
      schema_version, created_at, updated_at)
    values (${newId('s')}, bot.workspace_id, bot_id, contact.id, answers, 'COMPLETED', false, 0, bot.schema_version,
      now(), now())
    returning * into submission;
    ${publish('submission.completed', 'submission', 'submission')}
    insert into intake_bot_totals as t (intake_bot_id, submissions) values (bot_id, 1)
    on conflict (intake_bot_id) do update set submissions = t.submissions + 1;
    insert into workspace_usage as u (workspace_id, month, submissions, allowed)
    values (bot.workspace_id, date_trunc('month', now()), 1, 100000000)
    on conflict (workspace_id, month) do update set submissions = u.submissions + 1;
    return submission;
  end $$
`;
