import { graphql } from '../../graphql';
import type { PersonFragment } from '../../gql/graphql';

export type Person = PersonFragment;

/** What a contact is called by. */
export const PersonFields = graphql(`
  fragment Person on Contact {
    id
    firstName
    lastName
    email
    phone
  }
`);

/** The name of a person; null where none is known. */
export function fullName({ firstName, lastName }: Pick<Person, 'firstName' | 'lastName'>): string | null {
  const name = [firstName, lastName].filter((part) => part !== null && part !== '').join(' ');
  return name === '' ? null : name;
}

/** What tells a person from others in a line: the name, else an address. */
export const personName = (person: Person): string => fullName(person) ?? person.email ?? person.phone ?? person.id;

/** The first address beside the name. */
export function personAddress(person: Person): string | null {
  const name = personName(person);
  return [person.email, person.phone].find((address) => address !== null && address !== name) ?? null;
}
