import './Secret.css';
import { useRef } from 'react';
import { Button } from './Button';
import { CopyButton } from './CopyButton';

interface SecretProps {
  /** What it is, as in "Copy key". */
  name: string;
  /** It lives in the state of the component that shows it, and is gone when that closes. */
  value: string;
  /** What a download is called. */
  fileName: string;
}

/** Shown this once. */
export function Secret({ name, value, fileName }: SecretProps) {
  const code = useRef<HTMLElement>(null);
  const download = () => {
    const url = URL.createObjectURL(new Blob([`${value}\n`], { type: 'text/plain' }));
    const link = Object.assign(document.createElement('a'), { href: url, download: fileName });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url));
  };
  return (
    <div className="secret" role="group" aria-label={`New ${name}`}>
      <code ref={code} translate="no">
        {value}
      </code>
      <div className="buttons">
        <CopyButton text={value} label={`Copy ${name}`} source={code} />
        <Button onClick={download}>Download</Button>
      </div>
    </div>
  );
}
