import { paths } from '../../paths';
import { ButtonLink } from '../../ui/Button';
import { PageHead } from '../../ui/PageHead';

export function Page() {
  return (
    <>
      <PageHead title="There is no such page">The address may be old, or cut short.</PageHead>
      <ButtonLink to={paths.overview}>Go to the overview</ButtonLink>
    </>
  );
}
