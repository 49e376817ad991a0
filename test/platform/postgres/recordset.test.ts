import { expect } from 'chai';
import pg from 'pg';
import { recordset, recordsetValues, type Columns } from '../../../src/platform/postgres/recordset.js';
import { newId } from '../../../src/platform/id.js';
import { cloneDatabase } from '../../support/postgres.js';

interface Row {
  id: string | null;
  text: string | null;
  bytes: Buffer | null;
  at: string | null;
  is_so: boolean | null;
  count: number | null;
}

const columns: Columns<Row> = {
  id: ['word', ({ id }) => id],
  text: ['text', ({ text }) => text],
  bytes: ['bytea', ({ bytes }) => bytes],
  at: ['timestamptz', ({ at }) => at],
  is_so: ['bool', (row) => row.is_so],
  count: ['int', ({ count }) => count],
};
const nothing: Row = { id: null, text: null, bytes: null, at: null, is_so: null, count: null };

describe('a recordset', () => {
  let client: pg.Client;
  let drop: () => Promise<void>;

  before(async () => {
    const { url, drop: dropIt } = await cloneDatabase();
    drop = dropIt;
    client = new pg.Client({ connectionString: url });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await drop();
  });

  const received = async (rows: readonly Row[]) => {
    const values = recordsetValues(columns, rows);
    const text = `select id, text, bytes, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, is_so, count
      from ${recordset(columns, 'given', 1)}`;
    return (await client.query<Row>(text, values)).rows;
  };

  it('arrives as it was given, whatever its texts have in them', async () => {
    const whole: Row = {
      id: newId('webhookDelivery'),
      text: 'a, "b" {c} \\d\nnull',
      bytes: Buffer.from([0, 34, 92, 255]),
      at: '2026-01-15T10:30:00.123Z',
      is_so: false,
      count: -1,
    };
    const other: Row = {
      ...whole,
      id: 'submission.completed',
      text: 'NULL',
      bytes: Buffer.alloc(0),
      is_so: true,
      count: 0,
    };
    const rows = [whole, nothing, { ...other, text: '' }, other];
    expect(await received(rows)).to.deep.equal(rows);
  });

  it('has columns that are null throughout', async () => {
    const rows = [{ ...nothing, count: 1 }, nothing];
    expect(await received(rows)).to.deep.equal(rows);
  });
});
