import './Button.css';
import { useId, type ComponentProps, type ReactNode } from 'react';
import { Link, useLocation, type LinkProps } from 'react-router';

/** `main`: what the view is for, once a view; `danger`: ends something; `bare`: beside others. */
export type ButtonLook = 'plain' | 'main' | 'danger' | 'bare';

const classOf = (look: ButtonLook, isSmall: boolean) => `button ${look}${isSmall ? ' small' : ''}`;

interface Look {
  look?: ButtonLook;
  isSmall?: boolean;
  /** Why it cannot be used now: it stays in its place, and says so. */
  why?: string | null | undefined;
}

interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'>, Look {
  /** What it says while it works, and takes no second press: "Saving…". */
  busy?: string | false;
}

export function Button({ look = 'plain', isSmall = false, why, busy = false, children, ...rest }: ButtonProps) {
  if (why) {
    return (
      <Refused why={why} look={look} isSmall={isSmall} label={rest['aria-label']}>
        {children}
      </Refused>
    );
  }
  const isBusy = busy !== false;
  return (
    <button type="button" {...rest} className={classOf(look, isSmall)} aria-disabled={isBusy || undefined}>
      {isBusy ? busy : children}
    </button>
  );
}

interface ButtonLinkProps extends Omit<LinkProps, 'className' | 'to'>, Look {
  to: string;
  /** Whether it opens something over this page, whose filter and cursor stay. */
  isOver?: boolean;
}

/** A link that looks like a button: it leads to a dialog or to another page. */
export function ButtonLink({
  look = 'plain',
  isSmall = false,
  why,
  to,
  isOver = false,
  children,
  ...rest
}: ButtonLinkProps) {
  const { search } = useLocation();
  if (why) {
    return (
      <Refused why={why} look={look} isSmall={isSmall} label={rest['aria-label']}>
        {children}
      </Refused>
    );
  }
  return (
    <Link {...rest} to={isOver ? { pathname: to, search } : to} className={classOf(look, isSmall)}>
      {children}
    </Link>
  );
}

interface RefusedProps {
  why: string;
  look: ButtonLook;
  isSmall: boolean;
  /** What it is called, where that is not what it says. */
  label: string | undefined;
  children: ReactNode;
}

/** Can be reached by keyboard and finger: its reason shows beside it while it has the focus or the pointer. */
function Refused({ why, look, isSmall, label, children }: RefusedProps) {
  const id = useId();
  return (
    <span className="refused">
      <button type="button" className={classOf(look, isSmall)} aria-label={label} aria-disabled aria-describedby={id}>
        {children}
      </button>
      <span role="tooltip" id={id}>
        {why}
      </span>
    </span>
  );
}

/** Buttons in a row, which span the width of a phone. */
export const Buttons = ({ children }: { children: ReactNode }) => <div className="buttons">{children}</div>;
