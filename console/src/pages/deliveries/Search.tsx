import { useState } from 'react';
import { useNavigate } from 'react-router';
import { graphql } from '../../graphql';
import { paths, type DeliveryFilter } from '../../paths';
import { readNow } from '../../server';
import { Button } from '../../ui/Button';
import { textOf } from '../../ui/Form';
import { toast } from '../../ui/Toasts';

const DeliveryOfEvent = graphql(`
  query DeliveryOfEvent($id: ID!) {
    event(id: $id) {
      id
      deliveries(first: 1) {
        nodes {
          id
        }
      }
    }
  }
`);

/** The longest text that the server searches for. */
const charactersMax = 200;

/** The page of each kind of thing; the tenth character of an id tells its kind. */
const pageOfKind: Readonly<Record<string, (id: string) => string>> = {
  d: paths.delivery,
  h: paths.webhook,
  s: paths.submission,
  p: paths.contact,
  r: paths.record,
  b: paths.bot,
};
const anId = /^c[a-z0-9]{24}$/;
const anEventId = /^evt_c[a-z0-9]{24}$/;

const pageOf = (id: string): string | null => (anId.test(id) ? (pageOfKind[id.charAt(9)]?.(id) ?? null) : null);

/** Looks into events, answers and errors; an id leads to the page of what it names. */
export function Search({ filter }: { filter: DeliveryFilter }) {
  const navigate = useNavigate();
  const [isLooking, setLooking] = useState(false);
  const search = async (text: string) => {
    const page = pageOf(text);
    if (page !== null) return await navigate(page);
    if (anEventId.test(text)) {
      setLooking(true);
      const { data, refusal } = await readNow(DeliveryOfEvent, { id: text });
      setLooking(false);
      const [delivery] = data?.event?.deliveries.nodes ?? [];
      if (delivery !== undefined) return await navigate(paths.delivery(delivery.id));
      const isThere = data?.event != null;
      if (refusal === null || refusal.code === 'resource_not_found') {
        return toast(isThere ? 'No endpoint listens to that event.' : 'There is no such event any more.', {
          isBad: true,
        });
      }
      return toast(refusal.message, { isBad: true });
    }
    return await navigate(paths.deliveries({ ...filter, q: text }));
  };
  return (
    <search>
      <form
        className="delivery-search"
        onSubmit={(event) => {
          event.preventDefault();
          void search(textOf(new FormData(event.currentTarget), 'q'));
        }}
      >
        <label htmlFor="delivery-search">Search</label>
        <div className="delivery-search-line">
          <input
            id="delivery-search"
            className="input"
            type="search"
            name="q"
            // Another address is another search: what was typed before is not left in the field.
            key={filter.q}
            defaultValue={filter.q}
            maxLength={charactersMax}
            autoComplete="off"
            spellCheck={false}
            aria-describedby="delivery-search-help"
          />
          <Button type="submit" busy={isLooking && 'Looking…'}>
            Search
          </Button>
        </div>
        <p className="field-help" id="delivery-search-help">
          Looks into what was sent, what was answered, and errors. An id opens its page.
        </p>
      </form>
    </search>
  );
}
