import { useParams } from 'react-router';
import { paths } from '../../paths';

/** The page of the endpoint that the address names: what its dialogs close to. */
export const useThisWebhook = (): string => paths.webhook(useParams()['id'] ?? '');
