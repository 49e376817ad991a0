import { useState } from 'react';
import { useNavigate } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { sessionChanged, useChange } from '../../server';
import { Button, ButtonLink } from '../../ui/Button';
import { Form, FormRefusal, TextField, textOf, typedIn } from '../../ui/Form';
import { Alone } from '../Alone';

const AcceptInvitation = graphql(`
  mutation AcceptInvitation($input: AcceptInvitationInput!) {
    acceptInvitation(input: $input) {
      viewer {
        role
      }
    }
  }
`);

/** Takes the token out of the address, so that it stays neither there nor in the browser's history. */
function takeToken(): string {
  const token = location.hash.slice(1);
  if (token !== '') history.replaceState(history.state, '', location.pathname);
  return token;
}

export function Page() {
  const [token] = useState(takeToken);
  const navigate = useNavigate();
  const { send, isBusy, refusal } = useChange(AcceptInvitation);

  const accept = async (values: FormData) => {
    const input = { token, name: textOf(values, 'name'), password: typedIn(values, 'password') };
    if ((await send({ input })) === null) return;
    sessionChanged();
    void navigate(paths.overview, { replace: true });
  };

  if (token === '') {
    return (
      <Alone title="This link is cut short">
        <p className="quiet">
          An invitation's link ends in # and a long word. Open it once more from where you were sent it, whole.
        </p>
        <ButtonLink to={paths.signIn()}>Sign in instead</ButtonLink>
      </Alone>
    );
  }
  return (
    <Alone title="Join the workspace">
      <p className="quiet">You were invited. Choose the name that others will see, and a password.</p>
      <Form refusal={refusal} onSubmit={(values) => void accept(values)}>
        <TextField name="name" label="Name" autoComplete="name" autoFocus required />
        <TextField
          name="password"
          label="Password"
          help="8 to 200 characters."
          type="password"
          autoComplete="new-password"
          required
        />
        <FormRefusal />
        <Button type="submit" look="main" busy={isBusy && 'Joining…'}>
          Join
        </Button>
      </Form>
    </Alone>
  );
}
