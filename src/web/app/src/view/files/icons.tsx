/** The pictures of files, drawn in the colour of the text around. */

import type { ComponentChildren } from "preact";

function Icon({ children, name = "" }: { children: ComponentChildren; name?: string }) {
  return (
    <svg class={`icon ${name}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {children}
    </svg>
  );
}

/** A folder. */
export const FolderIcon = () => (
  <Icon name="icon-folder">
    <path d="M1.8 12V4.2c0-.7.5-1.2 1.2-1.2h3l1.6 1.8H13c.7 0 1.2.5 1.2 1.2v6c0 .7-.5 1.2-1.2 1.2H3c-.7 0-1.2-.5-1.2-1.2z" />
  </Icon>
);

/** A file. */
export const FileIcon = () => (
  <Icon name="icon-file">
    <path d="M9.2 1.8H4.4c-.7 0-1.2.5-1.2 1.2v10c0 .7.5 1.2 1.2 1.2h7.2c.7 0 1.2-.5 1.2-1.2V5.4zM9.2 1.8v3.6h3.6" />
  </Icon>
);

/** A symbolic link. */
export const LinkIcon = () => (
  <Icon name="icon-file">
    <path d="M9.2 1.8H4.4c-.7 0-1.2.5-1.2 1.2v10c0 .7.5 1.2 1.2 1.2h7.2c.7 0 1.2-.5 1.2-1.2V5.4zM9.2 1.8v3.6h3.6M6 11.4c0-2 1-2.7 3.4-2.7M8.2 7.2l1.6 1.5-1.6 1.5" />
  </Icon>
);

/** Pipes, sockets and devices. */
export const SpecialIcon = () => (
  <Icon name="icon-file">
    <circle cx="8" cy="8" r="5.2" />
    <path d="M8 5.6v2.9M8 10.6v.1" />
  </Icon>
);

/** Opens and closes a folder. */
export const ChevronIcon = () => (
  <Icon name="icon-chevron">
    <path d="m6 4.5 3.8 3.5L6 11.5" />
  </Icon>
);

/** The directory above. */
export const UpIcon = () => (
  <Icon>
    <path d="M8 13V3.5M4 7.2l4-4 4 4" />
  </Icon>
);

/** The home directory. */
export const HomeIcon = () => (
  <Icon>
    <path d="m2 7.8 6-5.2 6 5.2M3.8 6.5v6.7h8.4V6.5" />
  </Icon>
);

/** A new file. */
export const NewFileIcon = () => (
  <Icon>
    <path d="M8.6 1.8H4.4c-.7 0-1.2.5-1.2 1.2v10c0 .7.5 1.2 1.2 1.2h2.2M8.6 1.8l3.8 3.8v1.6M8.6 1.8v3.8h3.8M11.4 9.4v5M8.9 11.9h5" />
  </Icon>
);

/** A new folder. */
export const NewFolderIcon = () => (
  <Icon>
    <path d="M7 13H3c-.7 0-1.2-.5-1.2-1.2V4.2C1.8 3.5 2.3 3 3 3h3l1.6 1.8H13c.7 0 1.2.5 1.2 1.2v1.5M11.6 9v5M9.1 11.5h5" />
  </Icon>
);

/** Puts files of this computer there. */
export const UploadIcon = () => (
  <Icon>
    <path d="M8 10.5v-8M4.8 5.4 8 2.2l3.2 3.2M2.5 10.8v2.4h11v-2.4" />
  </Icon>
);

/** More to choose from. */
export const MoreIcon = () => (
  <Icon name="icon-more">
    <circle cx="3.2" cy="8" r="1.1" />
    <circle cx="8" cy="8" r="1.1" />
    <circle cx="12.8" cy="8" r="1.1" />
  </Icon>
);

/** Says that something wants attention. */
export const WarnIcon = () => (
  <Icon>
    <path d="M8 2.2 1.6 13.4h12.8zM8 6.5v3.2M8 11.5v.1" />
  </Icon>
);
