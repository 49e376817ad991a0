import { paths } from '../../paths';

/** What there is to see of a bot. */
export const botViews = (id: string) => [
  { name: '', label: 'Submissions' },
  { name: 'fields', label: 'Fields' },
  { name: 'post', label: 'Post to it' },
  { name: 'marketing', label: 'Marketing & Attribution', to: paths.botMarketing(id) },
];
