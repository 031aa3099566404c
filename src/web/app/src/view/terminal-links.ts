/** Links in a terminal: http and https, opened outside by Ctrl or Cmd and a click. */

import type { ILinkHandler } from "@xterm/xterm";
import { WebLinksAddon } from "@xterm/addon-web-links";

/** Told the address under the pointer and where the pointer is. */
export type Pointed = (uri: string | null, event?: MouseEvent) => void;

/** For links that a program declares (OSC 8), which may say one thing and lead to another. */
export function declaredLinks(pointed: Pointed): ILinkHandler {
  return {
    activate: openOutside,
    hover: (event, uri) => pointed(uri, event),
    leave: () => pointed(null),
  };
}

/** For addresses that stand in the text. */
export function writtenLinks(pointed: Pointed): WebLinksAddon {
  return new WebLinksAddon(openOutside, {
    hover: (event, uri) => pointed(uri, event),
    leave: () => pointed(null),
  });
}

function openOutside(event: MouseEvent, uri: string): void {
  const isMeant = event.ctrlKey || event.metaKey || matchMedia("(hover: none)").matches;
  if (isMeant && /^https?:/i.test(uri)) window.open(uri, "_blank", "noopener,noreferrer");
}
