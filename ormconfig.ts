import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { ApiKey } from './src/api-keys/api-key.entity.js';
import { AuditEntry } from './src/audit/audit-entry.entity.js';
import { Contact } from './src/contacts/contact.entity.js';
import { Conversion } from './src/conversions/conversion.entity.js';
import { ConversionDestination } from './src/conversions/destination.entity.js';
import { EventEntity } from './src/events/event.entity.js';
import { IntakeBot } from './src/intake-bots/intake-bot.entity.js';
import { RecordContact, RecordEntity } from './src/records/record.entity.js';
import { Message, Submission } from './src/submissions/submission.entity.js';
import { Invitation } from './src/accounts/invitation.entity.js';
import { Session } from './src/accounts/session.entity.js';
import { User } from './src/accounts/user.entity.js';
import { Notice } from './src/workspaces/notice.entity.js';
import { DatabaseClient } from './src/platform/postgres/database-client.js';
import { planByIndex } from './src/platform/postgres/planner-settings.js';
import { readTimestamp } from './src/platform/postgres/timestamps.js';
import { Workspace } from './src/workspaces/workspace.entity.js';
import { WebhookEndpoint } from './src/webhooks/endpoints/endpoint.entity.js';
import { Domain1790000000001 } from './migrations/1790000000001-domain.js';
import { Webhooks1790000000002 } from './migrations/1790000000002-webhooks.js';
import { Rest1790000000003 } from './migrations/1790000000003-rest.js';
import { Graphql1790000000005 } from './migrations/1790000000005-graphql.js';
import { FanOut1790000000006 } from './migrations/1790000000006-fan-out.js';
import { Erasures1790000000007 } from './migrations/1790000000007-erasures.js';
import { Runs1790000000008 } from './migrations/1790000000008-runs.js';
import { StoredThings1790000000010 } from './migrations/1790000000010-stored-things.js';
import { Rights1790000000011 } from './migrations/1790000000011-rights.js';
import { AttemptEventTypes1790000000012 } from './migrations/1790000000012-attempt-event-types.js';
import { Erasure1790000000013 } from './migrations/1790000000013-erasure.js';
import { OpenDeliveries1790000000014 } from './migrations/1790000000014-open-deliveries.js';
import { EventFanOuts1790000000015 } from './migrations/1790000000015-event-fan-outs.js';
import { CountedReplays1790000000016 } from './migrations/1790000000016-counted-replays.js';
import { SkipReasons1790000000017 } from './migrations/1790000000017-skip-reasons.js';
import { EndpointStats1790000000018 } from './migrations/1790000000018-endpoint-stats.js';
import { AttemptDetails1790000000019 } from './migrations/1790000000019-attempt-details.js';
import { SessionOrigins1790000000020 } from './migrations/1790000000020-session-origins.js';
import { KeyMakers1790000000021 } from './migrations/1790000000021-key-makers.js';
import { ExpiringKeys1790000000022 } from './migrations/1790000000022-expiring-keys.js';
import { Conversions1790000000023 } from './migrations/1790000000023-conversions.js';
import { Attribution1790000000024 } from './migrations/1790000000024-attribution.js';
import { Agents1790000000025 } from './migrations/1790000000025-agents.js';
import { SharedLoad1790000000026 } from './migrations/1790000000026-shared-load.js';
import { ReplayAskers1790000000027 } from './migrations/1790000000027-replay-askers.js';
import { ErasureNotes1790000000030 } from './migrations/1790000000030-erasure-notes.js';
import { Accounts1790000000004 } from './migrations/1790000000004-accounts.js';

/** TypeORM's own are for what no request asked for: `Database` opens those of requests beside them. */
const poolConnectionsMax = 5;
const statementMsMax = 60_000;
/** A process that stops in the middle of a transaction keeps its locks from everybody for no longer. */
const silenceInTransactionMsMax = 10_000;

const timestamptz = pg.types.builtins.TIMESTAMPTZ;
const slowly = pg.types.getTypeParser(timestamptz);
const types = new pg.TypeOverrides();
types.setTypeParser(timestamptz, (text: string) => readTimestamp(text) ?? (slowly(text) as Date));

/** Every table and every migration, in order: to add one is to add its line. */
export function dataSourceFor(url: string): DataSource {
  const options: DataSourceOptions = {
    type: 'postgres',
    url,
    entities: [
      AuditEntry,
      Workspace,
      Notice,
      User,
      Session,
      Invitation,
      ApiKey,
      IntakeBot,
      Contact,
      RecordEntity,
      RecordContact,
      Submission,
      Message,
      EventEntity,
      ConversionDestination,
      Conversion,
      WebhookEndpoint,
    ],
    migrations: [
      Domain1790000000001,
      Webhooks1790000000002,
      Rest1790000000003,
      Accounts1790000000004,
      Graphql1790000000005,
      FanOut1790000000006,
      Erasures1790000000007,
      Runs1790000000008,
      StoredThings1790000000010,
      Rights1790000000011,
      AttemptEventTypes1790000000012,
      Erasure1790000000013,
      OpenDeliveries1790000000014,
      EventFanOuts1790000000015,
      CountedReplays1790000000016,
      SkipReasons1790000000017,
      EndpointStats1790000000018,
      AttemptDetails1790000000019,
      SessionOrigins1790000000020,
      KeyMakers1790000000021,
      ExpiringKeys1790000000022,
      Conversions1790000000023,
      Attribution1790000000024,
      Agents1790000000025,
      SharedLoad1790000000026,
      ReplayAskers1790000000027,
      ErasureNotes1790000000030,
    ],
    synchronize: false,
    installExtensions: false,
    logging: false,
    applicationName: 'iozen',
    poolSize: poolConnectionsMax,
    // Statements are sent without waiting for the one before; the answers come in order.
    extra: {
      Client: DatabaseClient,
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      statementMsMax,
      idle_in_transaction_session_timeout: silenceInTransactionMsMax,
      pipeline: true,
      types,
      onConnect: planByIndex,
    },
  };
  return new DataSource(options);
}
