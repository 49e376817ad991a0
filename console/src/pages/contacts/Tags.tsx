import { Link } from 'react-router';
import { paths } from '../../paths';
import { StrangerText } from '../../ui/StrangerText';
import '../../ui/Status.css';
import './Tags.css';

/** Tags of a contact; each leads to all who have it. */
export const Tags = ({ tags, max = 100 }: { tags: readonly string[]; max?: number }) =>
  tags.length === 0 ? (
    <span className="faint">none</span>
  ) : (
    <span className="tags">
      {tags.slice(0, max).map((tag) => (
        <Link key={tag} className="tag" to={paths.contactsWith({ tag })}>
          <StrangerText text={tag} max={50} />
        </Link>
      ))}
      {tags.length > max && <span className="faint">and {tags.length - max} more</span>}
    </span>
  );
