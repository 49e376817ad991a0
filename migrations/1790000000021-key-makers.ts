import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who made an API key, with the name they had: the person may be removed before the key is. Of keys that are there the
 * audit log tells who made them; of a person who was removed it has the e-mail alone, which then stands for the name.
 */
export class KeyMakers1790000000021 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table api_keys
        add column created_by text collate "C",
        add column created_by_name text,
        add check ((created_by is null) = (created_by_name is null));

      with made as (
        select distinct on (e.subject_id) e.subject_id as key_id, e.workspace_id, e.actor_id
        from audit_entries e join api_keys k on k.id = e.subject_id and k.workspace_id = e.workspace_id
        where e.action = 'api_key.created' and e.actor_kind = 'user'
        order by e.subject_id, e.number
      ), joined as (
        select distinct on (e.subject_id) e.subject_id as user_id, e.details->>'email' as email
        from audit_entries e
        where e.action = 'member.joined' and e.subject_id in (select actor_id from made)
        order by e.subject_id, e.number
      )
      update api_keys k
      set created_by = m.actor_id, created_by_name = coalesce(u.name, j.email, '')
      from made m left join users u on u.id = m.actor_id left join joined j on j.user_id = m.actor_id
      where k.id = m.key_id;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table api_keys drop column created_by, drop column created_by_name');
  }
}
