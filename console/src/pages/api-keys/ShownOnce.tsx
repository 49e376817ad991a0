import { useEffect } from 'react';
import { Button } from '../../ui/Button';
import { DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Secret } from '../../ui/Secret';

/** A key that was just made or rotated. It is in the state of this dialog alone, and gone when the dialog closes. */
export function ShownOnce({ name, secret, children }: { name: string; secret: string; children?: React.ReactNode }) {
  const { guard, done } = useDialog();
  useEffect(() => {
    guard('The key is not shown again. Have you copied it?');
  }, [guard]);
  return (
    <>
      <DialogBody>
        <p>Copy it now. It is shown this once; we keep only a hash.</p>
        <Secret name="key" value={secret} fileName={`${name.replace(/[^\w.-]+/g, '-')}.key.txt`} />
        {children}
      </DialogBody>
      <DialogFoot>
        <Button look="main" onClick={() => done()}>
          I have copied it
        </Button>
      </DialogFoot>
    </>
  );
}
