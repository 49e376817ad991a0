import './Tabs.css';
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

interface TabsProps<Name extends string> {
  /** What is chosen by them, for those who listen: "Language". */
  label: string;
  tabs: readonly { name: Name; label: string }[];
  /** What is shown of the chosen one. */
  children(name: Name): ReactNode;
}

/** Several views of one thing, of which one is shown. Arrow keys go from one to the next. */
export function Tabs<Name extends string>({ label, tabs, children }: TabsProps<Name>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState(0);
  const name = tabs[chosen]?.name;
  const move = (event: KeyboardEvent) => {
    const next = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const at = (next + tabs.length) % tabs.length;
    setChosen(at);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[at]?.focus();
  };
  return (
    <div className="tabs">
      <div ref={list} className="tab-list" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab, at) => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            id={`${id}-${tab.name}`}
            aria-selected={at === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={at === chosen ? 0 : -1}
            onClick={() => setChosen(at)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${name}`}>
        {name !== undefined && children(name)}
      </div>
    </div>
  );
}
