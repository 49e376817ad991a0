import { paths } from '../../paths';
import { ButtonLink } from '../../ui/Button';
import { CloseButton, DialogBody, DialogFoot, Dialog } from '../../ui/Dialog';
import { Facts } from '../../ui/Facts';
import { Status } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { Time, useNow } from '../../ui/Time';
import { Expires } from './ApiKeys';
import { isLive, lastUsedNote, type Key } from './keys';
import { OneKey } from './OneKey';
import { labelOf } from './scopes';

/** A key's details, at the side. */
export function Page() {
  return (
    <Dialog shape="drawer" title="API key" closesTo={paths.apiKeys}>
      <OneKey>{(key) => <Details apiKey={key} />}</OneKey>
    </Dialog>
  );
}

function Details({ apiKey }: { apiKey: Key }) {
  const { id, name, hint, scopes, allowedCidrs, documentsOnly, createdAt, lastUsedAt, previousUntil } = apiKey;
  const works = isLive(apiKey, useNow());
  return (
    <>
      <DialogBody>
        <Facts
          facts={[
            ['Name', <StrangerText text={name} max={100} />],
            ['Begins with', <code>{hint}</code>],
            ['Status', works ? <Status kind="good">Works</Status> : <Expires apiKey={apiKey} />],
            ['Expires', works ? <Expires apiKey={apiKey} /> : null],
            ['Last used', lastUsedAt === null ? 'never' : <Time at={lastUsedAt} note={lastUsedNote} />],
            ['Created', <Time at={createdAt} as="exact" />],
            [
              'Scopes',
              <ul
                children={scopes.map((scope) => (
                  <li key={scope}>{labelOf(scope)}</li>
                ))}
              />,
            ],
            ['May call from', allowedCidrs.length === 0 ? 'anywhere' : <code>{allowedCidrs.join(', ')}</code>],
            ['May run', documentsOnly ? 'trusted documents only' : 'anything its scopes allow'],
            [
              'Secret before',
              previousUntil !== null && works ? (
                <>
                  works until <Time at={previousUntil} as="exact" />
                </>
              ) : null,
            ],
            ['Id', <code>{id}</code>],
          ]}
        />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Close</CloseButton>
        {works && (
          <>
            <ButtonLink to={paths.rotateApiKey(id)}>Rotate</ButtonLink>
            <ButtonLink to={paths.revokeApiKey(id)} look="danger">
              Revoke
            </ButtonLink>
          </>
        )}
      </DialogFoot>
    </>
  );
}
