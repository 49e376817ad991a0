import './Bot.css';
import { Outlet, useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { OneBotQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { ButtonLink } from '../../ui/Button';
import { PageHead } from '../../ui/PageHead';
import { plainText, StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { useView, Views } from '../../ui/Views';
import { Unread } from '../Unread';
import { BotFields } from './BotFields';
import { BotStatusMark } from './Bots';
import { steps, type Bot } from './bots';
import { botViews } from './botViews';
import { BotSubmissions } from './BotSubmissions';
import { PostToBot } from './PostToBot';

const OneBot = graphql(`
  query OneBot($id: ID!) {
    intakeBot(id: $id) {
      ...Bot
      schema {
        name
        label
        type
        kind
        required
        options
        helperText
        placeholder
        min
        max
        minLength
        maxLength
        pattern
      }
    }
  }
`);

export type WholeBot = NonNullable<OneBotQuery['intakeBot']>;
export type SchemaItem = WholeBot['schema'][number];

export function Page() {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(OneBot, { id });
  const bot = data?.intakeBot ?? null;
  const views = botViews(id);
  const view = useView(views);
  return (
    <>
      <PageHead
        title={bot === null ? 'Bot' : plainText(bot.name)}
        heading={bot && <StrangerText text={bot.name} />}
        within={{ label: 'Bots', to: paths.bots }}
        actions={bot && <StatusSteps bot={bot} />}
      >
        {bot && <About bot={bot} />}
      </PageHead>
      {bot === null ? (
        <Unread
          refusal={refusal}
          again={again}
          what="bot"
          why="The address may be cut short, or belong to another workspace."
          back={{ label: 'bots', to: paths.bots }}
        />
      ) : (
        <>
          <Views label="About this bot" views={views} to={paths.bot(id)} />
          {view === '' && <BotSubmissions key={id} bot={bot} />}
          {view === 'fields' && <BotFields bot={bot} />}
          {view === 'post' && <PostToBot bot={bot} />}
        </>
      )}
      <Outlet />
    </>
  );
}

function About({ bot: { status, description, recordType, submissionCount, createdAt } }: { bot: Bot }) {
  return (
    <>
      <p className="marks">
        <BotStatusMark status={status} />
        <span>
          {counted(submissionCount, 'submission')},{' '}
          {recordType === null ? (
            'makes no record'
          ) : (
            <>
              makes a <code>{recordType}</code>
            </>
          )}
          , created <Time at={createdAt} />
        </span>
      </p>
      {description !== null && (
        <p className="bot-description">
          <StrangerText text={description} max={400} />
        </p>
      )}
    </>
  );
}

/** What can be done with its status now. */
function StatusSteps({ bot: { id, status } }: { bot: Bot }) {
  const { role } = useViewer();
  return steps
    .filter(({ from }) => from.includes(status))
    .sort((one, other) => Number(other.ends) - Number(one.ends))
    .map(({ verb, label, ends }) => (
      <ButtonLink
        key={verb}
        to={paths.changeBot(id, verb)}
        look={ends ? 'danger' : 'main'}
        why={whyNotAdmin(role)}
        preventScrollReset
      >
        {label}
      </ButtonLink>
    ));
}
