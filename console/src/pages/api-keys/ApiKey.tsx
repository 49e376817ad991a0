import { paths } from '../../paths';
import { ButtonLink } from '../../ui/Button';
import { CloseButton, DialogBody, DialogFoot, Dialog } from '../../ui/Dialog';
import { Fact, Facts } from '../../ui/Facts';
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
  const { id, name, hint, scopes, allowedCidrs, documentsOnly, createdAt, createdBy, lastUsedAt, previousUntil } =
    apiKey;
  const works = isLive(apiKey, useNow());
  return (
    <>
      <DialogBody>
        <Facts>
          <Fact name="Name">
            <StrangerText text={name} max={100} />
          </Fact>
          <Fact name="Begins with">
            <code>{hint}</code>
          </Fact>
          <Fact name="Status">{works ? <Status kind="good">Works</Status> : <Expires apiKey={apiKey} />}</Fact>
          {works && (
            <Fact name="Expires">
              <Expires apiKey={apiKey} />
            </Fact>
          )}
          <Fact name="Last used">{lastUsedAt === null ? 'never' : <Time at={lastUsedAt} note={lastUsedNote} />}</Fact>
          <Fact name="Created">
            <Time at={createdAt} as="exact" /> by <StrangerText text={createdBy.name} max={100} />
          </Fact>
          <Fact name="Scopes">
            <ul>
              {scopes.map((scope) => (
                <li key={scope}>{labelOf(scope)}</li>
              ))}
            </ul>
          </Fact>
          <Fact name="May call from">
            {allowedCidrs.length === 0 ? 'anywhere' : <code>{allowedCidrs.join(', ')}</code>}
          </Fact>
          <Fact name="May run">{documentsOnly ? 'trusted documents only' : 'anything its scopes allow'}</Fact>
          {works && previousUntil !== null && (
            <Fact name="Secret before">
              works until <Time at={previousUntil} as="exact" />
            </Fact>
          )}
          <Fact name="Id">
            <code>{id}</code>
          </Fact>
        </Facts>
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Close</CloseButton>
        <ButtonLink to={paths.audit(id)}>Changes to this</ButtonLink>
        {works && (
          <>
            <ButtonLink isOver to={paths.rotateApiKey(id)}>
              Rotate
            </ButtonLink>
            <ButtonLink isOver to={paths.revokeApiKey(id)} look="danger">
              Revoke
            </ButtonLink>
          </>
        )}
      </DialogFoot>
    </>
  );
}
