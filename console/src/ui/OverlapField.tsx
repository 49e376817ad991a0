import { SelectField } from './Form';

const overlaps = [
  [0, 'Not at all: it stops at once'],
  [3_600, 'An hour'],
  [86_400, 'A day'],
  [259_200, '3 days'],
  [604_800, '7 days'],
] as const;

/** How many seconds a secret goes on beside the one that takes its place, as `overlapSeconds`. */
export const OverlapField = ({ label, help }: { label: string; help: string }) => (
  <SelectField name="overlapSeconds" label={label} help={help} defaultValue={86_400}>
    {overlaps.map(([seconds, words]) => (
      <option key={seconds} value={seconds}>
        {words}
      </option>
    ))}
  </SelectField>
);
