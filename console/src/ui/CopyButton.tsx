import { useEffect, useState, type RefObject } from 'react';
import { Button, type ButtonLook } from './Button';

interface CopyButtonProps {
  text: string | (() => string);
  /** Names what is copied: "Copy key". */
  label?: string;
  look?: ButtonLook;
  isSmall?: boolean;
  /** Where the text stands: it is selected where the browser does not let us copy. */
  source?: RefObject<HTMLElement | null>;
}

const saysMs = 2_000;

export function CopyButton({ text, label = 'Copy', look = 'plain', isSmall = false, source }: CopyButtonProps) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), saysMs);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : text());
      setSaid('Copied');
    } catch {
      // Plain http on another machine, or a browser that asked and was told no.
      if (source?.current) getSelection()?.selectAllChildren(source.current);
      setSaid(source?.current ? 'Selected: copy it now' : 'Could not copy');
    }
  };
  return (
    <Button look={look} isSmall={isSmall} onClick={() => void copy()}>
      <span aria-live="polite">{said ?? label}</span>
    </Button>
  );
}
