/** The few pictures of the page, drawn in the colour of the text around. */

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {children}
    </svg>
  );
}

/** A step that went well. */
export const DoneIcon = () => (
  <Icon>
    <path d="m3.5 8.5 3 3 6-7" />
  </Icon>
);

/** A step that failed; also: close. */
export const CrossIcon = () => (
  <Icon>
    <path d="m4.5 4.5 7 7m0-7-7 7" />
  </Icon>
);

/** Something new. */
export const PlusIcon = () => (
  <Icon>
    <path d="M8 3.5v9M3.5 8h9" />
  </Icon>
);

/** To the clipboard. */
export const CopyIcon = () => (
  <Icon>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5" />
  </Icon>
);

/** All commands. */
export const CommandsIcon = () => (
  <Icon>
    <path d="M2.5 4h11M2.5 8h11M2.5 12h6.5" />
  </Icon>
);

/** The explorer's own sign. */
export const ExplorerIcon = () => (
  <Icon>
    <rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.6" />
    <path d="M6.2 2.8v10.4" />
  </Icon>
);

/** Towards what is above. */
export const UpIcon = () => (
  <Icon>
    <path d="m4 10 4-4 4 4" />
  </Icon>
);

/** Towards what is below. */
export const DownIcon = () => (
  <Icon>
    <path d="m4 6 4 4 4-4" />
  </Icon>
);

/** A size that others share. */
export const SizeIcon = () => (
  <Icon>
    <path d="M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5l-4.5 4.5M2.5 13.5 7 9" />
  </Icon>
);

/** The product's mark. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
    <rect width="32" height="32" rx="7" class="mark-ground" />
    <path d="M7 10.5l5.5 5.5L7 21.5" class="mark-prompt" />
    <path d="M21.5 11.5v9M17 16h9" class="mark-plus" />
  </svg>
);
