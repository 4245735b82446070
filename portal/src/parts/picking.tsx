import { Button } from "@mantine/core";
import { type ChangeEvent, type DragEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { fromChooser, fromDrop, type Picked } from "./picked.ts";

/** Every browser knows this attribute; the types of React do not. */
const WHOLE_FOLDER = { webkitdirectory: "" };

/**
 * For what takes files and folders that are dropped on it: `target` goes onto the element, `over` while something hangs above it. What is
 * dropped beside it does nothing.
 */
export function useDropTarget(onPicked: (picked: Picked[]) => void) {
  const [over, setOver] = useState(false);
  useDropElsewhereDoesNothing();
  const target = {
    "data-over": over || undefined,
    onDragOver(event: DragEvent) {
      event.preventDefault();
      setOver(true);
    },
    onDragLeave(event: DragEvent) {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
    },
    onDrop(event: DragEvent) {
      event.preventDefault();
      setOver(false);
      void fromDrop(event.dataTransfer).then(onPicked);
    },
  };
  return { over, target };
}

/** A file that misses the zone must not replace the page, and with it everything that is being sent. */
function useDropElsewhereDoesNothing(): void {
  useEffect(() => {
    const ignore = (event: Event) => event.preventDefault();
    window.addEventListener("dragover", ignore);
    window.addEventListener("drop", ignore);
    return () => {
      window.removeEventListener("dragover", ignore);
      window.removeEventListener("drop", ignore);
    };
  }, []);
}

type ChooserProps = { label: string; icon: ReactNode; folder: boolean; onPicked: (picked: Picked[]) => void };

/** A button that asks the browser for files, or for a folder; also the way for the keyboard. */
export function Chooser({ label, icon, folder, onPicked }: ChooserProps) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = (event: ChangeEvent<HTMLInputElement>) => {
    const files = Array.from(event.currentTarget.files ?? []);
    // Emptied at once: choosing the same file again must be noticed.
    event.currentTarget.value = "";
    if (files.length > 0) onPicked(fromChooser(files));
  };
  return (
    <>
      <Button variant={folder ? "default" : "filled"} leftSection={icon} onClick={() => input.current?.click()}>
        {label}
      </Button>
      <input ref={input} type="file" multiple hidden {...(folder ? WHOLE_FOLDER : {})} aria-label={label} onChange={chosen} />
    </>
  );
}
