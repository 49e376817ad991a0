import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import { readNow, sessionChanged, useChange } from '../../server';
import { Button } from '../../ui/Button';
import { Form, FormRefusal, TextField, textOf, typedIn } from '../../ui/Form';
import { Alone } from '../Alone';

const SignIn = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      viewer {
        role
      }
    }
  }
`);
const IsSignedIn = graphql(`
  query IsSignedIn {
    viewer {
      role
    }
  }
`);

/** Only an address of the console itself: a link to sign-in leads nowhere else. */
const safe = (next: string | null) => (next !== null && /^\/(?![/\\])/.test(next) ? next : '/');

/** The address that the operator gave the server: the session's cookie and the connection belong to it. */
const publicUrl = () => document.querySelector<HTMLMetaElement>('meta[name=public-url]')?.content ?? '';

export function Page() {
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const { send, isBusy, refusal } = useChange(SignIn);
  const [isLost, setLost] = useState(false);

  const signIn = async (values: FormData) => {
    setLost(false);
    const done = await send({
      input: { email: textOf(values, 'email'), password: typedIn(values, 'password') },
    });
    if (done === null) return;
    // The server said yes. Whether this browser kept the session's cookie is another question.
    if ((await readNow(IsSignedIn, {})).refusal !== null) return setLost(true);
    sessionChanged();
    void navigate(safe(search.get('next')), { replace: true });
  };

  return (
    <Alone title="Sign in to ioZen">
      <Form refusal={refusal} onSubmit={(values) => void signIn(values)}>
        <TextField name="email" label="E-mail" type="email" autoComplete="username" autoFocus required />
        <TextField name="password" label="Password" type="password" autoComplete="current-password" required />
        <FormRefusal />
        {isLost && <LostSession />}
        <Button type="submit" look="main" busy={isBusy && 'Signing in…'}>
          Sign in
        </Button>
      </Form>
      <details>
        <summary>Forgot the password?</summary>
        <p>
          Whoever operates this server resets it, with <code>npm run -s iozen -- user reset-password</code>, and gives
          you the new one.
        </p>
      </details>
    </Alone>
  );
}

function LostSession() {
  const url = publicUrl();
  return (
    <div className="form-refusal" role="alert" tabIndex={-1}>
      <p>
        <b>The password is right, but this browser did not keep the session.</b>
      </p>
      <p>
        The server was told that it is reached at <code>{url}</code> (<code>PUBLIC_URL</code>), and you are at{' '}
        <code>{location.origin}</code>.{' '}
        {url.startsWith('https:') && location.protocol === 'http:'
          ? 'Sessions of an https address are not kept over http: open the https address.'
          : 'Open that address, or ask the operator to set PUBLIC_URL to the one that people use, with https.'}
      </p>
    </div>
  );
}
