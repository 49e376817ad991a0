import { paths } from '../../paths';

/** What there is to see of a bot. */
export const botViews = (id: string) => [
  { name: '', label: 'Submissions' },
  { name: 'fields', label: 'Fields' },
  { name: 'post', label: 'Post to it' },
  { name: 'marketing', label: 'Marketing & Attribution', short: 'Marketing', to: paths.botMarketing(id) },
];
