import { useId } from 'react';
import { graphql } from '../graphql';
import { paths } from '../paths';
import { sessionChanged, useChange } from '../server';
import { setTheme, themes, useTheme } from '../theme';
import { Button } from '../ui/Button';
import { StrangerText } from '../ui/StrangerText';
import { roleNames, type Viewer } from './viewer';

const SignOut = graphql(`
  mutation SignOut {
    signOut {
      signedOut
    }
  }
`);

const themeNames = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;

/** Who is signed in, how the console looks, and the way out. The browser opens and closes it. */
export function AccountMenu({ viewer: { user, role } }: { viewer: Viewer }) {
  const id = useId();
  const theme = useTheme();
  const { send, isBusy, refusal } = useChange(SignOut);
  const signOut = async () => {
    if ((await send({})) === null) return;
    sessionChanged();
    // A whole new page: nothing of this session is left in memory.
    location.assign(`/console${paths.signIn()}`);
  };
  return (
    <div className="account">
      <button type="button" className="button bare small" popoverTarget={id}>
        <span className="account-email">
          <StrangerText text={user.email} max={40} />
        </span>
        <span className="account-short">Account</span>
      </button>
      <div id={id} popover="auto" className="account-menu">
        <p>
          <b>
            <StrangerText text={user.name} max={100} />
          </b>
          <span className="under">
            {roleNames[role]}, <StrangerText text={user.email} max={254} />
          </span>
        </p>
        <fieldset className="themes">
          <legend>Theme</legend>
          {themes.map((one) => (
            <label key={one}>
              <input type="radio" name="theme" checked={theme === one} onChange={() => setTheme(one)} />
              {themeNames[one]}
            </label>
          ))}
        </fieldset>
        {refusal && <p role="alert">{refusal.message}</p>}
        <Button busy={isBusy && 'Signing out…'} onClick={() => void signOut()}>
          Sign out
        </Button>
      </div>
    </div>
  );
}
