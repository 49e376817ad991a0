import { CodeBlock } from '../../ui/Code';
import { Tabs } from '../../ui/Tabs';
import ruby from '../../../../docs/receivers/config.ru?raw';
// oxlint-disable-next-line import/default -- its text is imported.
import node from '../../../../docs/receivers/receiver.mjs?raw';
import go from '../../../../docs/receivers/receiver.go?raw';
import php from '../../../../docs/receivers/receiver.php?raw';
import python from '../../../../docs/receivers/receiver.py?raw';

const languages = [
  { name: 'node', label: 'Node.js' },
  { name: 'python', label: 'Python' },
  { name: 'go', label: 'Go' },
  { name: 'php', label: 'PHP' },
  { name: 'ruby', label: 'Ruby' },
] as const;
const code = { node, python, go, php, ruby };

/** A receiver that takes what is ours alone, in several languages. The secret is named, never shown. */
export const Verification = () => (
  <>
    <p className="quiet verification-words">
      Check the signature over the body as it came, before any parser, and refuse what is older than five minutes. Keep
      the secret in the environment variable <code>IOZEN_WEBHOOK_SECRET</code>. It needs no packages of ours.
    </p>
    <Tabs label="Language" tabs={languages}>
      {(name) => <CodeBlock key={name} label={`Receiver in ${labelOf(name)}`} text={code[name]} />}
    </Tabs>
  </>
);

const labelOf = (name: keyof typeof code) => languages.find((one) => one.name === name)?.label ?? name;
