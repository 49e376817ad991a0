import { NewKey } from './NewApiKey';

/** The form with what an agent needs chosen already. */
export const Page = () => <NewKey isForAgent />;
