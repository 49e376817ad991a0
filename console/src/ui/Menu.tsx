import './Menu.css';
import { Menu as Base } from '@base-ui/react/menu';
import { useNavigate, type To } from 'react-router';

export interface MenuItem {
  label: string;
  /** Where it leads to, or what it does. */
  to?: To;
  onPick?(): void;
  isDanger?: boolean;
  /** Why it cannot be picked now. */
  why?: string | null | undefined;
}

interface MenuProps {
  /** The word on its button. */
  label: string;
  /** What it acts on, for those who listen: "Actions for Orders". */
  about?: string;
  /** Whether it stands in a row, not beside a page's other buttons. */
  isSmall?: boolean;
  items: readonly MenuItem[];
}

/** Several actions behind one button. */
export function Menu({ label, about, isSmall = true, items }: MenuProps) {
  const navigate = useNavigate();
  const pick = ({ to, onPick }: MenuItem) => {
    onPick?.();
    if (to !== undefined) void navigate(to);
  };
  return (
    <Base.Root modal={false}>
      <Base.Trigger className={isSmall ? 'button small' : 'button'} aria-label={about}>
        {label}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="menu-place">
          <Base.Popup className="menu">
            {items.map((item) => (
              <Base.Item
                key={item.label}
                className={item.isDanger ? 'menu-item danger' : 'menu-item'}
                disabled={Boolean(item.why)}
                onClick={() => pick(item)}
              >
                {item.label}
                {item.why && <span className="under">{item.why}</span>}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
