import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import css from "./admin.module.css";
import type { Action, Kind } from "./model.ts";
import { useAdminWords } from "./words.ts";

type Props = {
  kind: Kind;
  actions: readonly Action[];
  label: string;
  /** It opens upwards. */
  up?: boolean;
  onPick: (action: Action) => void;
};

export function ActionMenu({ kind, actions, label, up = false, onPick }: Props) {
  const words = useAdminWords();
  if (actions.length === 0) return null;
  const Icon = up ? IconChevronUp : IconChevronDown;
  return (
    <Menu withinPortal={false} withInitialFocusPlaceholder={false} position={up ? "top-end" : "bottom-end"} shadow="md">
      <Menu.Target>
        <Button {...(up ? { size: "compact-md" } : { variant: "default" })} rightSection={<Icon size={16} />}>
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={css.menuList ?? ""}>
        {actions.map(action => (
          <Menu.Item key={action.name} {...(action.danger ? { className: css.danger ?? "" } : {})} onClick={() => onPick(action)}>
            {words.action(kind.name, action.name)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
